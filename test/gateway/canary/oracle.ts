import { textOf, type Data, type DataRow, type Value } from './domain.ts';
import {
  categoriesAbove,
  coveredBy,
  isWithin,
  leafCategories,
  leafPurposes,
  membersOf,
  placesMatter,
  pluralOf,
  purposesAbove,
  terms,
  types,
  type Arguments,
  type Field,
  type Terms,
  type Type,
} from './model.ts';
import { greetingOf } from './modules.ts';
import type { Selection } from './operations.ts';

// The rules of the design, written a second time and differently: the SDL is read by itself,
// decisions are made from the events in the order they were said, rows come from the test's own
// copy of the data, and nothing of src/ is called.

/** One thing that somebody said. */
export interface Said {
  readonly kind: 'given' | 'refused' | 'withdrawn' | 'objected';
  readonly purpose: string;
  readonly categories?: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly expired: boolean;
}

interface Person {
  readonly type: string;
  readonly id: string;
}

/** Who asks, as far as decisions go. */
export interface Asker {
  readonly purpose: string;
  readonly staff: boolean;
}

export type Reason = 'NOT_COVERED' | 'NOT_CONSENTED' | 'NOT_PERMITTED';

export interface Note {
  readonly field: string;
  readonly reason: Reason;
  readonly count: number;
  readonly paths: readonly string[];
}

type Path = readonly (string | number)[];

/** What the gateway must answer. */
export interface Expected {
  readonly data: Readonly<Record<string, unknown>>;
  readonly withheld: readonly Note[];
  /** Places of fields that cannot be shown although they are released. */
  readonly errors: readonly string[];
  readonly released: ReadonlySet<string>;
}

const strictness = (basis: string): number =>
  basis === 'CONSENT' ? 3 : basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION' ? 1 : 2;

const basisFor = ({ basis, places }: Terms, place: unknown): string => {
  if (places.size === 0) return basis;
  const code = typeof place === 'string' ? place.trim().toUpperCase() : '';
  if (!/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(code)) return 'CONSENT';
  const country = code.slice(0, 2);
  const own = places.get(code) ?? places.get(country) ?? basis;
  if (code !== country) return own;
  // Known by country only: the strictest of its regions might be theirs.
  return [own, ...[...places].filter(([one]) => one.startsWith(`${country}-`)).map(([, b]) => b)]
    .sort((a, b) => strictness(b) - strictness(a))
    .at(0)!;
};

const orderOf = (a: Path, b: Path): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const [left, right] = [a[i]!, b[i]!];
    if (left === right) continue;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return a.length - b.length;
};

/** The reference: answers an operation from the data, the events and the rules of the design. */
export class Oracle {
  readonly #data: Data;
  readonly #said = new Map<string, Said[]>();
  /** `Type key` → cursor. */
  readonly cursors = new Map<string, string>();
  /** What was found out since somebody last spoke or a cell last changed. */
  readonly #known = new Map<string, boolean>();
  readonly #inOrder = new Map<Type, readonly DataRow[]>();
  #notes: { readonly field: string; readonly reason: Reason; readonly path: Path }[] = [];
  #errors: string[] = [];
  #released = new Set<string>();

  constructor(data: Data) {
    this.#data = data;
  }

  say(type: string, id: string, said: Said): void {
    this.changed();
    const key = `${type} ${id}`;
    this.#said.set(key, [...(this.#said.get(key) ?? []), said]);
  }

  /** To be told when cells have changed. */
  changed(): void {
    this.#known.clear();
  }

  #may(person: Person, leaf: string, category: string): boolean {
    const key = [person.type, person.id, leaf, category].join(' ');
    const known = this.#known.get(key) ?? this.#judge(person, leaf, category);
    this.#known.set(key, known);
    return known;
  }

  /** Whether a leaf purpose may use a leaf category of a person. */
  #judge(person: Person, leaf: string, category: string): boolean {
    const place = this.#placeOf(person);
    const basis = basisFor(terms.get(leaf)!, place);
    if (basis === 'CONTRACT' || basis === 'LEGAL_OBLIGATION') return true;
    const about = (this.#said.get(`${person.type} ${person.id}`) ?? []).filter(
      (said) =>
        isWithin(purposesAbove, leaf, said.purpose) &&
        (said.categories ?? coveredBy(leaf)).some((wider) =>
          isWithin(categoriesAbove, category, wider),
        ),
    );
    const newest = Math.max(...about.map(({ at }) => at));
    const last = about.filter(({ at }) => at === newest);
    if (basis === 'CONSENT')
      return last.length > 0 && last.every(({ kind, expired }) => kind === 'given' && !expired);
    return last.every(({ kind }) => kind === 'given');
  }

  #placeOf({ type, id }: Person): unknown {
    const { person, table } = types.get(type)!;
    if (person?.place === undefined) return undefined;
    return this.#rows(table).find((row) => String(row[person.id]) === id)?.[person.place];
  }

  #rows(table: string): readonly DataRow[] {
    return this.#data[table] ?? [];
  }

  /** The person that a row is or concerns. */
  personOf(type: Type, row: DataRow): Person | null | undefined {
    const as = (owner: string, id: Value): Person | null =>
      id === null || id === undefined ? null : { type: owner, id: textOf(id) };
    if (type.person) return as(type.name, row[type.person.id]);
    if (!type.about) return undefined;
    if (type.about.subject !== undefined) return as(type.about.type, row[type.about.subject]);
    const field = type.fields.get(type.about.through!)!;
    const target = types.get(field.named)!;
    const next = this.#rows(target.table).find((one) => one[target.key] === row[field.join!.own]);
    return next ? this.personOf(target, next) : null;
  }

  /** Why a field of a row is withheld; undefined where it is released. */
  withheld(type: Type, row: DataRow, field: Field, asker: Asker): Reason | undefined {
    if (field.categories === undefined) return undefined;
    if (field.rules.includes('isStaff') && !asker.staff) return 'NOT_PERMITTED';
    const leaves = leafPurposes(asker.purpose);
    const wanted = field.categories.flatMap(leafCategories);
    if (leaves.some((leaf) => wanted.some((category) => !coveredBy(leaf).includes(category))))
      return 'NOT_COVERED';
    const person = this.personOf(type, row);
    if (!person) return 'NOT_CONSENTED';
    const all = leaves.every((leaf) =>
      wanted.every((category) => this.#may(person, leaf, category)),
    );
    return all ? undefined : 'NOT_CONSENTED';
  }

  /** The fields whose value is what stands in a column. */
  shows(type: Type, column: string): readonly Field[] {
    return [...type.fields.values()].filter(({ join, list, from, column: own }) => {
      if (!join) return from.length === 0 && own === column;
      const isKey = join.own === type.key || join.own === type.person?.id;
      return !list && !join.via && !isKey && join.own === column;
    });
  }

  /** Columns of a row that no field may show to the asker, and that decide nothing themselves. */
  hiddenColumns(type: Type, row: DataRow, asker: Asker): readonly string[] {
    return Object.keys(row).filter((column) => {
      if (column === type.key || column === this.#link(type)) return false;
      if (column === type.person?.place && placesMatter(asker.purpose)) return false;
      return this.shows(type, column).every((field) => this.withheld(type, row, field, asker));
    });
  }

  /** Whether a field of the person with this key is withheld. */
  hides(typeName: string, key: Value, fieldName: string, asker: Asker): boolean {
    const type = types.get(typeName)!;
    const row = this.#rows(type.table).find((one) => one[type.key] === key);
    const field = type.fields.get(fieldName)!;
    return row === undefined || this.withheld(type, row, field, asker) !== undefined;
  }

  /** The column that says whom a row concerns, or which row knows. */
  #link(type: Type): string | undefined {
    if (type.person) return type.person.id;
    return type.about?.subject ?? type.fields.get(type.about?.through ?? '')?.join?.own;
  }

  /** A row that is looked for by a governed column is there only if its person shows that column. */
  #isFound(type: Type, row: DataRow, by: string, fromOwner: boolean, asker: Asker): boolean {
    if (!type.person && !type.about) return true;
    if (by === this.#link(type) && (type.person !== undefined || fromOwner)) return true;
    return this.shows(type, by).every((field) => !this.withheld(type, row, field, asker));
  }

  answer(selections: readonly Selection[], asker: Asker): Expected {
    this.#notes = [];
    this.#errors = [];
    this.#released = new Set();
    const data: Record<string, unknown> = {};
    for (const [key, nodes] of collect(selections, 'Query')) {
      data[key] = this.#root(nodes, asker, [key]);
    }
    return { data, withheld: this.#told(), errors: this.#errors, released: this.#released };
  }

  /** What a change of consent shows of the person who made it. */
  payload(id: string, selections: readonly Selection[], path: Path, asker: Asker): Expected {
    this.#notes = [];
    this.#errors = [];
    this.#released = new Set();
    const type = types.get('Customer')!;
    const row = this.#rows(type.table).find((one) => String(one['id']) === id);
    const data = { customer: row ? this.#row(type, row, selections, asker, path) : null };
    return { data, withheld: this.#told(), errors: this.#errors, released: this.#released };
  }

  #told(): readonly Note[] {
    const lines = new Map<string, { field: string; reason: Reason; paths: Path[] }>();
    for (const { field, reason, path } of this.#notes) {
      const line = lines.get(`${field} ${reason}`) ?? { field, reason, paths: [] };
      line.paths.push(path);
      lines.set(`${field} ${reason}`, line);
    }
    return [...lines]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { field, reason, paths }]) => ({
        field,
        reason,
        count: paths.length,
        paths: paths
          .sort(orderOf)
          .slice(0, 20)
          .map((path) => path.join('.')),
      }));
  }

  /** All rows in the order of the key, as root lists show them. */
  sorted(type: Type): readonly DataRow[] {
    const known = this.#inOrder.get(type) ?? this.#sort(type);
    // Keys never change.
    this.#inOrder.set(type, known);
    return known;
  }

  #sort(type: Type): readonly DataRow[] {
    return [...this.#rows(type.table)].sort((a, b) => {
      const [left, right] = [a[type.key], b[type.key]];
      if (typeof left === 'number' && typeof right === 'number') return left - right;
      return String(left) < String(right) ? -1 : 1;
    });
  }

  #root(nodes: readonly Selection[], asker: Asker, path: Path): unknown {
    const { name, args = {}, below } = merged(nodes);
    for (const type of types.values()) {
      const one = type.name.charAt(0).toLowerCase() + type.name.slice(1);
      if (name === one) {
        const row = this.#rows(type.table).find((r) => String(r[type.key]) === args['id']);
        return row ? this.#row(type, row, below, asker, path) : null;
      }
      if (name === pluralOf(one)) return this.#page(type, args, below, asker, path);
    }
    throw new Error(`no root field ${name}`);
  }

  #page(
    type: Type,
    args: Arguments,
    selections: readonly Selection[],
    asker: Asker,
    path: Path,
  ): unknown {
    const all = this.sorted(type);
    const cursorOf = (row: DataRow | undefined): string | null =>
      row ? (this.cursors.get(`${type.name} ${String(row[type.key])}`) ?? 'unknown') : null;
    const after = (args['after'] ?? null) as string | null;
    const from = after === null ? 0 : all.findIndex((row) => cursorOf(row) === after) + 1;
    const first = (args['first'] ?? 20) as number;
    const rows = all.slice(from, from + first);
    const edge = (below: readonly Selection[], row: DataRow, at: Path): unknown => {
      const result: Record<string, unknown> = {};
      for (const [key, nodes] of collect(below, `${type.name}Edge`)) {
        const { name, below: inner } = merged(nodes);
        if (name === '__typename') result[key] = `${type.name}Edge`;
        else if (name === 'cursor') result[key] = cursorOf(row);
        else result[key] = this.#row(type, row, inner, asker, [...at, key]);
      }
      return result;
    };
    const pageInfo: Readonly<Record<string, unknown>> = {
      __typename: 'PageInfo',
      hasNextPage: from + first < all.length,
      hasPreviousPage: after !== null,
      startCursor: cursorOf(rows[0]),
      endCursor: cursorOf(rows.at(-1)),
    };
    const result: Record<string, unknown> = {};
    for (const [key, nodes] of collect(selections, `${type.name}Connection`)) {
      const { name, below } = merged(nodes);
      const at = [...path, key];
      if (name === '__typename') result[key] = `${type.name}Connection`;
      else if (name === 'nodes')
        result[key] = rows.map((row, i) => this.#row(type, row, below, asker, [...at, i]));
      else if (name === 'edges') result[key] = rows.map((row, i) => edge(below, row, [...at, i]));
      else
        result[key] = Object.fromEntries(
          [...collect(below, 'PageInfo')].map(([k, n]) => [k, pageInfo[merged(n).name]]),
        );
    }
    return result;
  }

  #row(
    type: Type,
    row: DataRow,
    selections: readonly Selection[],
    asker: Asker,
    path: Path,
  ): Readonly<Record<string, unknown>> {
    const result: Record<string, unknown> = {};
    for (const [key, nodes] of collect(selections, type.name)) {
      const { name, args = {}, below } = merged(nodes);
      const at = [...path, key];
      if (name === '__typename') {
        result[key] = type.name;
        continue;
      }
      const field = type.fields.get(name)!;
      const reason = this.withheld(type, row, field, asker);
      if (reason) {
        this.#notes.push({ field: field.coordinate, reason, path: at });
        result[key] = null;
        continue;
      }
      this.#released.add(field.coordinate);
      result[key] = field.join
        ? this.#joined(type, row, field, args, below, asker, at)
        : this.#value(row, field, at);
    }
    return result;
  }

  #value(row: DataRow, field: Field, path: Path): unknown {
    if (field.name === 'greeting') return greetingOf({ email: row['email'], score: row['score'] });
    const value = row[field.column] ?? null;
    if (field.name === 'broken' || (field.name === 'badMood' && value !== null)) {
      this.#errors.push(path.join('.'));
      return null;
    }
    return field.named === 'ID' ? textOf(value) : value;
  }

  #joined(
    type: Type,
    row: DataRow,
    { join, list, named }: Field,
    args: Arguments,
    below: readonly Selection[],
    asker: Asker,
    path: Path,
  ): unknown {
    const { own, theirs, via } = join!;
    const value = row[own] ?? null;
    if (value === null) return list ? [] : null;
    const fromOwner = own === type.key || own === type.person?.id;
    const found = membersOf(named).flatMap((member) => {
      const target = types.get(member)!;
      const by = theirs ?? target.key;
      const rows = via
        ? this.#rows(via.table)
            .filter((link) => link[via.on] === value)
            .flatMap((link) =>
              this.sorted(target).filter((one) => one[target.key] === link[via.to]),
            )
        : this.sorted(target).filter(
            (one) => one[by] === value && this.#isFound(target, one, by, fromOwner, asker),
          );
      const inOrder = this.sorted(target).filter((one) => rows.includes(one));
      return inOrder.map((one) => ({ target, one }));
    });
    const shown = found.slice(0, (args['first'] as number | undefined) ?? Infinity);
    if (!list) {
      const [only] = shown;
      return only ? this.#row(only.target, only.one, below, asker, path) : null;
    }
    return shown.map(({ target, one }, i) => this.#row(target, one, below, asker, [...path, i]));
  }
}

interface Merged {
  readonly name: string;
  readonly args?: Arguments;
  readonly below: readonly Selection[];
}

const merged = (nodes: readonly Selection[]): Merged => {
  const [first] = nodes;
  if (first?.kind !== 'field') throw new Error('nothing was selected');
  return {
    name: first.name,
    ...(first.args && { args: first.args }),
    below: nodes.flatMap((node) => node.below ?? []),
  };
};

/** Fields by response key, through fragments. */
const collect = (
  selections: readonly Selection[],
  typeName: string,
  into = new Map<string, Selection[]>(),
): ReadonlyMap<string, readonly Selection[]> => {
  for (const node of selections) {
    if (node.shown === false) continue;
    if (node.kind === 'field') {
      const key = node.alias ?? node.name;
      into.set(key, [...(into.get(key) ?? []), node]);
    } else if (node.on === undefined || membersOf(node.on).includes(typeName)) {
      collect(node.below ?? [], typeName, into);
    }
  }
  return into;
};
