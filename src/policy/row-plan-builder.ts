import type { Policy } from './compile-policy.ts';
import { decideCoordinate, type Verdict } from './decide-coordinate.ts';
import { fieldsOver, linkOf } from './guards.ts';
import type { DomainField, DomainType, FieldGuard } from './model.ts';
import type { CellPlan, Decide, JoinPlan, ReadPlan, RowPlan, SubjectRead } from './plan.ts';

/** What every step of compiling one plan knows. */
export interface PlanContext {
  readonly policy: Policy;
  readonly purpose: string | undefined;
  /** Coordinates whose named rules refused this caller. */
  readonly refused: ReadonlySet<string>;
  readonly guarded: Set<string>;
  readonly personalTypes: Set<string>;
  readonly rows: RowPlan[];
  /** Verdicts by coordinate: a field asked for under a thousand aliases is judged once. */
  readonly verdicts: Map<string, Verdict>;
  /** Whether some basis of this purpose differs by where a person lives. */
  readonly placesMatter: boolean;
}

/** Whether a purpose's bases hang on where somebody lives. */
export const placesMatter = (policy: Policy, purpose: string | undefined): boolean => {
  const leaves = purpose === undefined ? [] : policy.model.purposeTree.leavesOf(purpose);
  return policy.pairs.some((pair) => leaves.includes(pair.purpose) && pair.places.size > 0);
};

/** The verdict on a guarded coordinate; notes coordinates with named rules on the way. */
const verdictOn = (coordinate: string, guard: FieldGuard, c: PlanContext): Verdict => {
  if (guard.kind === 'shield' && guard.rules.length > 0) c.guarded.add(coordinate);
  const known = c.verdicts.get(coordinate);
  if (known) return known;
  const verdict = decideCoordinate(c.policy, guard, c.purpose, !c.refused.has(coordinate));
  c.verdicts.set(coordinate, verdict);
  return verdict;
};

/** Gathers the columns that all selections over the same rows need. */
export class ReadBuilder {
  readonly type: DomainType;
  readonly #columns: string[] = [];
  readonly #context: PlanContext;

  constructor(type: DomainType, context: PlanContext) {
    this.type = type;
    this.#context = context;
    if (type.subject) context.personalTypes.add(type.name);
  }

  /** The index of the column's value in a row. */
  add(column: string): number {
    const known = this.#columns.indexOf(column);
    return known >= 0 ? known : this.#columns.push(column) - 1;
  }

  finish(): ReadPlan {
    const { name, table, subject } = this.type;
    const base = {
      type: name,
      source: table.source,
      table: table.name,
      key: table.key,
      columns: this.#columns,
    };
    return subject ? { ...base, subject: this.#subjectRead(subject) } : base;
  }

  #subjectRead(path: SubjectRead['path']): SubjectRead {
    const { policy, placesMatter: matters } = this.#context;
    const person = policy.model.types.get(path.type);
    if (!matters || person?.person?.place === undefined) return { path };
    const { id, place } = person.person;
    const { name, source } = person.table;
    return { path, place: { table: name, id, column: place, source } };
  }
}

/** Builds the plan of one selection over rows of one type, merging equal decisions. */
export class RowPlanBuilder {
  readonly type: DomainType;
  readonly #context: PlanContext;
  readonly #columns: ReadBuilder;
  readonly #decisions: Decide[] = [];
  readonly #byVerdict = new Map<string, number>();
  readonly #cells = new Map<string, CellPlan>();
  readonly #gates: RowPlan['gates'][number][] = [];
  readonly #joins = new Map<string, JoinPlan>();

  constructor(columns: ReadBuilder, context: PlanContext) {
    this.type = columns.type;
    this.#columns = columns;
    this.#context = context;
  }

  /** Plans a field; `never` means that nothing below it will be read. */
  field(name: string): { readonly field: DomainField; readonly never: boolean } | undefined {
    const field = this.type.fields.get(name);
    if (field === undefined) return undefined;
    const decision = this.#decide(field.coordinate, field.guard);
    const never = this.#decisions[decision]?.kind === 'never';
    if (!this.#cells.has(name)) this.#cells.set(name, this.#cell(field, decision, never));
    return { field, never };
  }

  join(responseKey: string, join: JoinPlan): void {
    this.#joins.set(responseKey, join);
  }

  /**
   * Rows that were found by a column which discloses something about their own person stay only
   * if that person released it: being on the list would tell. The column that says whom a row
   * concerns is no such cell for rows that point at the very row they are reached from: there the
   * field that leads to them says the same under the same rule.
   */
  gate(column: string, fromOwner: boolean): readonly string[] {
    const { subject, person } = this.type;
    if (subject === undefined) return [];
    if (column === linkOf(this.type) && (person !== undefined || fromOwner)) return [];
    const added: string[] = [];
    for (const { guard, coordinate } of fieldsOver(this.type, column)) {
      if (guard.kind !== 'shield') continue;
      this.#gates.push({ decision: this.#decide(coordinate, guard), coordinate });
      added.push(coordinate);
    }
    return added;
  }

  /** True when a gate refuses every row, so that none need be read. */
  get closed(): boolean {
    return this.#gates.some(({ decision }) => this.#decisions[decision]?.kind === 'never');
  }

  finish(read: ReadPlan): RowPlan {
    const row: RowPlan = {
      number: this.#context.rows.length,
      read,
      typeName: this.type.name,
      cells: [...this.#cells.values()],
      cellOf: this.#cells,
      decisions: this.#decisions,
      gates: this.#gates,
      joins: this.#joins,
    };
    this.#context.rows.push(row);
    return row;
  }

  #decide(coordinate: string, guard: FieldGuard): number {
    const verdict = verdictOn(coordinate, guard, this.#context);
    const key =
      verdict.kind === 'ask'
        ? verdict.asks.map(({ pair }) => pair).join(',')
        : Object.values(verdict).join(' ');
    const known = this.#byVerdict.get(key);
    const decision = known === undefined ? undefined : this.#decisions[known];
    if (known !== undefined && decision) {
      if (!decision.coordinates.includes(coordinate)) {
        this.#decisions[known] = {
          ...decision,
          coordinates: [...decision.coordinates, coordinate],
        };
      }
      return known;
    }
    this.#byVerdict.set(key, this.#decisions.length);
    return this.#decisions.push({ ...verdict, coordinates: [coordinate] }) - 1;
  }

  #cell(field: DomainField, decision: number, never: boolean): CellPlan {
    const { name, coordinate } = field;
    const base = { field: name, coordinate, decision };
    if (never) return { ...base, index: -1 };
    if (field.kind !== 'derived') {
      const column = field.kind === 'column' ? field.column : field.own;
      return { ...base, index: this.#columns.add(column) };
    }
    const inputs = field.from.flatMap((from) => {
      const input = this.type.fields.get(from);
      return input?.kind === 'column'
        ? [{ field: from, index: this.#columns.add(input.column) }]
        : [];
    });
    return { ...base, index: -1, inputs };
  }
}
