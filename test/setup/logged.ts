import type { Knex } from 'knex';
import type { AuditDecision, OperationEntry } from '../../src/audit/entry.ts';
import { eachLeaf, entryOf } from '../../src/audit/leaf-reader.ts';
import { readLogs } from '../../src/audit/log-state.ts';
import { decisionsOf } from './decisions-of.ts';

/** What an operation left in the log, its decisions spelt out. */
export interface Logged extends Omit<OperationEntry, 'decisions'> {
  readonly at: Date;
  readonly decisions: readonly AuditDecision[];
  /** As it stands in the log. */
  readonly text: string;
}

/** Every operation in the logs, oldest first. */
export const loggedOperations = async (knex: Knex): Promise<readonly Logged[]> => {
  const found: Logged[] = [];
  for (const log of await readLogs(knex)) {
    for await (const leaf of eachLeaf(knex, log)) {
      const entry = entryOf(leaf, log.origin);
      if (entry.kind === 'operation')
        found.push({ ...entry, decisions: decisionsOf(entry), text: leaf.bytes.toString() });
    }
  }
  return found.sort((a, b) => a.at.getTime() - b.at.getTime());
};

/** The newest operation in the log. */
export const lastLogged = async (knex: Knex): Promise<Logged> => {
  const last = (await loggedOperations(knex)).at(-1);
  if (!last) throw new Error('nothing was logged');
  return last;
};
