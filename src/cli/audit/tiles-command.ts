import { Command } from 'commander';
import { readLogs } from '../../audit/log-state.ts';
import { toldError } from '../../audit/told-error.ts';
import { writeTiles, type WrittenTiles, type WriteTilesOptions } from '../../audit/write-tiles.ts';
import { SaysoError } from '../../core/errors.ts';
import { createProgress } from '../progress.ts';
import { visible } from '../visible.ts';
import { withAudit } from './with-audit.ts';

interface TilesOptions {
  readonly out: string;
  readonly log?: string;
}

const writeShown = async (what: WriteTilesOptions): Promise<WrittenTiles> => {
  const progress = createProgress((total) => `writing tiles of ${total} entries, …`);
  try {
    return await writeTiles({
      ...what,
      onProgress: (done, total) => progress.show(done, total, `${done} entries`),
    });
  } finally {
    progress.stop();
  }
};

/** `sayso audit tiles`: a log as files for an object store. */
export const tilesCommand = (): Command =>
  new Command('tiles')
    .description('write the logs as static files (C2SP tlog-tiles), or bring them up to date')
    .requiredOption('--out <folder>', 'where; each log has a folder of its own in it')
    .option('--log <origin>', 'only this log')
    .allowExcessArguments(false)
    .action(({ out, log: only }: TilesOptions) =>
      withAudit(async ({ knex }) => {
        const all = await readLogs(knex);
        const logs = all.filter(
          ({ origin, checkpoint }) =>
            checkpoint !== null && (only === undefined || origin === only),
        );
        if (logs.length === 0)
          throw new SaysoError('there is no such log that has a checkpoint', {
            ...{ code: 'AUDIT_NO_LOG', status: 404 },
          });
        for (const log of logs) {
          try {
            const { folder, size, before, files } = await writeShown({ knex, log, out });
            const news = `${size} entries, ${size - before} of them new, ${files} files`;
            console.log(visible(`${folder}  ${news}`));
          } catch (error) {
            if (logs.length === 1) throw error;
            // The others are brought up to date all the same.
            console.error(visible(`log ${log.origin} was not written: ${toldError(error)}`));
            process.exitCode = 1;
          }
        }
      }),
    );
