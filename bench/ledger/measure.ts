import { inspect } from 'node:util';
import { once } from 'node:events';
import { openPool } from '../../src/database/connection.ts';
import { measureReads } from './measure-reads.ts';
import { measureWrites } from './measure-writes.ts';
import { ledgerPolicy } from './policy.ts';
import type { LedgerJob, Said } from './worker.ts';

/** The measuring process: does the one part that its argument names, says what it found, and ends. */

const parts = { reads: measureReads, writes: measureWrites } as const;

const tell = (said: Said): void => void process.send?.(said);

// Ctrl-C reaches every process of the terminal; the bench then ends us in its own time.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
process.on('disconnect', () => process.exit(1));

const [job] = (await once(process, 'message')) as [LedgerJob];
const knex = openPool(job.connection);
try {
  const part = process.argv[2] === 'reads' ? parts.reads : parts.writes;
  const figures = await part({
    knex,
    policy: await ledgerPolicy(),
    subjects: job.subjects,
    say: (line) => tell({ line }),
  });
  tell({ figures });
} catch (error) {
  tell({ failed: inspect(error) });
} finally {
  await knex.destroy();
  process.removeAllListeners('disconnect');
  process.disconnect();
}
