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

/** A place of the answer. */
export interface NotedPath {
  /** Response keys and indices from the root on. */
  readonly keys: readonly (string | number)[];
  /** `customers.nodes.0.email`, where it is known already. */
  readonly text?: string;
}

interface Line {
  count: number;
  /** The smallest paths so far, in order: which come first must not depend on timing. */
  readonly paths: NotedPath[];
}

/** Why a field is absent from rows of a plan. */
export const clientReason = (plan: RowPlan, field: string): ClientReason => {
  const decision = plan.decisions[plan.cellOf.get(field)?.decision ?? -1];
  return decision?.kind === 'never' ? decision.reason : 'NOT_CONSENTED';
};

/** Counts the withheld places of one answer. */
export class WithheldNotes {
  readonly #lines = new Map<string, Map<ClientReason, Line>>();

  note(coordinate: string, reason: ClientReason, path: ResponsePath): void {
    const line = this.#line(coordinate, reason);
    line.count += 1;
    const { paths } = line;
    const keys = pathOf(path);
    const last = paths.at(-1);
    if (paths.length >= maxPaths && last && comparePaths(keys, last.keys) >= 0) return;
    let at = paths.length;
    while (at > 0 && comparePaths(keys, paths[at - 1]?.keys ?? []) < 0) at -= 1;
    paths.splice(at, 0, { keys });
    if (paths.length > maxPaths) paths.pop();
  }

  /**
   * Notes many places of one field at once, as `note` would each of them.
   *
   * @param count how many places
   * @param smallest the first of them in the order of `comparePaths`: all, or `maxPaths`
   */
  noteMany(
    coordinate: string,
    reason: ClientReason,
    count: number,
    smallest: readonly NotedPath[],
  ): void {
    if (count <= 0) return;
    const line = this.#line(coordinate, reason);
    line.count += count;
    const known = line.paths.splice(0);
    let k = 0;
    let s = 0;
    while (line.paths.length < maxPaths) {
      const left = known[k];
      const right = smallest[s];
      const isLeft = left !== undefined && (!right || comparePaths(left.keys, right.keys) <= 0);
      const next = isLeft ? left : right;
      if (!next) return;
      line.paths.push(next);
      if (isLeft) k += 1;
      else s += 1;
    }
  }

  #line(coordinate: string, reason: ClientReason): Line {
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
        notes.push({ field, reason, count, paths: paths.map(textOf) });
      }
    }
    return notes.sort(compareNotes);
  }
}

/** `customers.nodes.0.email`. Put together by hand, since `join` takes twice as long. */
export const pathText = (path: readonly (string | number)[]): string => {
  let text = String(path[0] ?? '');
  for (let i = 1; i < path.length; i += 1) text += `.${path[i] ?? ''}`;
  return text;
};

const textOf = ({ keys, text = pathText(keys) }: NotedPath): string => text;

/** By field, then by reason. */
const compareNotes = (a: WithheldNote, b: WithheldNote): number => {
  if (a.field !== b.field) return a.field < b.field ? -1 : 1;
  return a.reason < b.reason ? -1 : 1;
};
