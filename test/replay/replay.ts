import type { Knex } from 'knex';
import { readLogs } from '../../src/audit/log-state.ts';
import type { Difference } from '../../src/replay/difference.ts';
import { replayLogs, type ReplayOptions, type ReplaySummary } from '../../src/replay/replay-log.ts';

export interface Replayed {
  readonly summary: ReplaySummary;
  readonly differences: readonly Difference[];
}

/** Replays all logs of a database. */
export const replay = async (
  knex: Knex,
  options: Partial<Pick<ReplayOptions, 'from' | 'to' | 'maxPersons'>> = {},
): Promise<Replayed> => {
  const differences: Difference[] = [];
  const summary = await replayLogs({
    knex,
    logs: await readLogs(knex),
    onDifference: (difference) => differences.push(difference),
    ...options,
  });
  return { summary, differences };
};
