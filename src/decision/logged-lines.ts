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

/** The lines that a plan's decisions can come to, each made once and numbered from 0 on. */
export class PlanLines {
  readonly #lines: LoggedLine[] = [];
  readonly #plan: RowPlan;
  readonly #gates: ReadonlySet<number>;
  /** By decision. */
  readonly #known: readonly Map<LoggedReason, number>[];
  readonly #ofProfile = new WeakMap<Profile, readonly number[]>();

  constructor(plan: RowPlan) {
    this.#plan = plan;
    this.#gates = new Set(plan.gates.map(({ decision }) => decision));
    this.#known = plan.decisions.map(() => new Map<LoggedReason, number>());
  }

  /** The lines from a number on. */
  from(number: number): readonly LoggedLine[] {
    return this.#lines.slice(number);
  }

  /** What is said of rows with this profile; of a row that a gate hides, only what the gates say. */
  of(profile: Profile): readonly number[] {
    const known = this.#ofProfile.get(profile);
    if (known) return known;
    const lines: number[] = [];
    for (const [k, { coordinates }] of this.#plan.decisions.entries()) {
      // A selection may decide nothing that has a name, such as `__typename` alone.
      if (coordinates.length === 0 || (!profile.stays && !this.#gates.has(k))) continue;
      const reason = profile.reasons[k] ?? 'NOT_EVALUATED';
      const byReason = this.#known[k];
      let line = byReason?.get(reason);
      if (line === undefined) {
        line = this.#lines.push(loggedLine(reason, coordinates)) - 1;
        byReason?.set(reason, line);
      }
      lines.push(line);
    }
    this.#ofProfile.set(profile, lines);
    return lines;
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
