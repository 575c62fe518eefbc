import type { ResponsePath } from '../core/response-path.ts';
import { comparePaths, pathOf } from '../core/response-path.ts';
import type { NeverReason, RowPlan } from '../policy/plan.ts';

/** What a client is told; few and closed, and never why. */
export type ClientReason = NeverReason | 'NOT_CONSENTED';

/** One line of `extensions.sayso.withheld`. */
export interface WithheldNote {
  /** `Type.field` */
  readonly field: string;
  readonly reason: ClientReason;
  /** How many places of the answer. */
  readonly count: number;
  /** The first of them, `customers.nodes.0.email`. */
  readonly paths: readonly string[];
}

/** Most paths told for one field. */
export const maxPaths = 20;

interface Line {
  count: number;
  /** The smallest paths so far, in order: which come first must not depend on timing. */
  readonly paths: (readonly (string | number)[])[];
}

/** Puts a path among the smallest, in order, unless it is none of them. */
const enter = (paths: Line['paths'], path: readonly (string | number)[]): void => {
  const last = paths.at(-1);
  if (paths.length >= maxPaths && last && comparePaths(path, last) >= 0) return;
  let at = paths.length;
  while (at > 0 && comparePaths(path, paths[at - 1] ?? []) < 0) at -= 1;
  paths.splice(at, 0, path);
  if (paths.length > maxPaths) paths.pop();
};

/** Why a field is absent from rows of a plan. */
export const clientReason = (plan: RowPlan, field: string): ClientReason => {
  const decision = plan.decisions[plan.cellOf.get(field)?.decision ?? -1];
  return decision?.kind === 'never' ? decision.reason : 'NOT_CONSENTED';
};

/** Counts the withheld places of one answer. */
export class WithheldNotes {
  readonly #lines = new Map<string, Map<ClientReason, Line>>();

  note(coordinate: string, reason: ClientReason, path: ResponsePath): void {
    const line = this.#lineOf(coordinate, reason);
    line.count += 1;
    enter(line.paths, pathOf(path));
  }

  /**
   * As `note` for so many places.
   *
   * @param paths the smallest of them, `maxPaths` or all there are
   */
  noteMany(
    coordinate: string,
    reason: ClientReason,
    count: number,
    paths: readonly (readonly (string | number)[])[],
  ): void {
    const line = this.#lineOf(coordinate, reason);
    line.count += count;
    for (const path of paths) enter(line.paths, path);
  }

  #lineOf(coordinate: string, reason: ClientReason): Line {
    const byReason = this.#lines.get(coordinate) ?? new Map<ClientReason, Line>();
    this.#lines.set(coordinate, byReason);
    const line = byReason.get(reason) ?? { count: 0, paths: [] };
    byReason.set(reason, line);
    return line;
  }

  /** The lines, by field and reason. */
  list(): readonly WithheldNote[] {
    const notes: WithheldNote[] = [];
    for (const [field, byReason] of this.#lines) {
      for (const [reason, { count, paths }] of byReason) {
        notes.push({ field, reason, count, paths: paths.map((path) => path.join('.')) });
      }
    }
    return notes.sort((a, b) => (`${a.field} ${a.reason}` < `${b.field} ${b.reason}` ? -1 : 1));
  }
}
