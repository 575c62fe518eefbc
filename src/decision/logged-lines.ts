import type { RowPlan } from '../policy/plan.ts';
import type { LoggedReason, Profile } from './decided-rows.ts';

/** What the log says of one list of fields and one reason. */
export interface LoggedLine {
  readonly reason: LoggedReason;
  /** In order. */
  readonly coordinates: readonly string[];
  /** Equal lines of several selections have the same one; by it they are ordered. */
  readonly key: string;
}

/** @param coordinates in any order */
export const loggedLine = (reason: LoggedReason, coordinates: readonly string[]): LoggedLine => {
  const inOrder = [...coordinates].sort();
  return { reason, coordinates: inOrder, key: `${reason} ${inOrder.join(' ')}` };
};

/** The lines that a plan's decisions can come to, each made once. */
export class PlanLines {
  readonly #plan: RowPlan;
  readonly #gates: ReadonlySet<number>;
  /** By decision. */
  readonly #known: readonly Map<LoggedReason, LoggedLine>[];

  constructor(plan: RowPlan) {
    this.#plan = plan;
    this.#gates = new Set(plan.gates.map(({ decision }) => decision));
    this.#known = plan.decisions.map(() => new Map<LoggedReason, LoggedLine>());
  }

  /** What is said of rows with this profile; of a row that a gate hides, only what the gates say. */
  of({ reasons, stays }: Profile): readonly LoggedLine[] {
    return this.#plan.decisions.flatMap(({ coordinates }, k) => {
      // A selection may decide nothing that has a name, such as `__typename` alone.
      if (coordinates.length === 0 || (!stays && !this.#gates.has(k))) return [];
      return [this.#line(k, reasons[k] ?? 'NOT_EVALUATED', coordinates)];
    });
  }

  /** What is said where no row could join, whoever the rows would have been of. */
  closed(): readonly LoggedLine[] {
    return this.#plan.decisions.flatMap((decision, k) => {
      if (decision.kind !== 'never' || decision.coordinates.length === 0) return [];
      return this.#gates.has(k) ? [this.#line(k, decision.reason, decision.coordinates)] : [];
    });
  }

  #line(decision: number, reason: LoggedReason, coordinates: readonly string[]): LoggedLine {
    let line = this.#known[decision]?.get(reason);
    if (line === undefined) {
      line = loggedLine(reason, coordinates);
      this.#known[decision]?.set(reason, line);
    }
    return line;
  }
}

const planLines = new WeakMap<RowPlan, PlanLines>();

/** The lines of a plan, made when first asked for and gone with the plan. */
export const linesOf = (plan: RowPlan): PlanLines => {
  let lines = planLines.get(plan);
  if (lines === undefined) {
    lines = new PlanLines(plan);
    planLines.set(plan, lines);
  }
  return lines;
};
