import { judgePairs } from '../../src/decision/judge-pairs.ts';
import type { LoggedReason } from '../../src/decision/decided-rows.ts';
import { notEvaluated, type FullReason } from '../../src/ledger/judge.ts';
import type { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { noSubject } from '../../src/ledger/subject-directory.ts';
import type { Decide, RowPlan } from '../../src/policy/plan.ts';

/** Deciding cell by cell, as it is easiest to follow: what tables and profiles must come to. */

export interface Reference {
  /** By row: for each decision whether it releases; nothing for a row that is not shown. */
  readonly shown: readonly (readonly boolean[] | undefined)[];
  /** `coordinate reason subject` */
  readonly cells: ReadonlySet<string>;
  readonly asked: ReadonlySet<number>;
}

export interface Said {
  readonly snapshot: Pick<ConsentSnapshot, 'state' | 'expiry'>;
  readonly now: number;
  readonly gpc: boolean | undefined;
}

interface Decided {
  readonly release: boolean;
  readonly reason: LoggedReason;
}

const decideFor = (
  decision: Decide,
  subject: number,
  place: unknown,
  { snapshot, now, gpc }: Said,
  asked: Set<number>,
): Decided => {
  if (decision.kind === 'open') return { release: true, reason: 'OPEN' };
  if (decision.kind === 'never') return { release: false, reason: decision.reason };
  if (subject === noSubject) return notEvaluated;
  if (decision.kind === 'always') return { release: true, reason: decision.basis as FullReason };
  asked.add(subject);
  return judgePairs(decision.asks, subject, place, snapshot, now, gpc);
};

export const decideEach = (
  plan: RowPlan,
  subjects: readonly number[],
  places: readonly unknown[] | undefined,
  said: Said,
  wanted: (index: number) => boolean,
): Reference => {
  const cells = new Set<string>();
  const asked = new Set<number>();
  const shown = subjects.map((subject, i) => {
    if (!plan.read.subject)
      return wanted(i) ? plan.decisions.map(({ kind }) => kind === 'open') : undefined;
    const decided = plan.decisions.map((decision) =>
      decideFor(decision, subject, places?.[i], said, asked),
    );
    const stays = plan.gates.every(({ decision }) => decided[decision]?.release === true);
    if (stays && !wanted(i)) return undefined;
    plan.decisions.forEach(({ coordinates }, k) => {
      if (!stays && !plan.gates.some(({ decision }) => decision === k)) return;
      for (const coordinate of coordinates)
        cells.add(`${coordinate} ${decided[k]?.reason ?? ''} ${subject}`);
    });
    return stays ? decided.map(({ release }) => release) : undefined;
  });
  return { shown, cells, asked };
};
