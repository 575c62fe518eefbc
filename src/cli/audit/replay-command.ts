import { Command, InvalidArgumentError } from 'commander';
import type { Knex } from 'knex';
import { readLogs, type LogState } from '../../audit/log-state.ts';
import { ConfigError } from '../../core/errors.ts';
import { isMigrated } from '../../database/migrate.ts';
import { openDatabase } from '../../database/open-database.ts';
import { isSound, replayLogs } from '../../replay/replay-log.ts';
import { createProgress } from '../progress.ts';
import { readConfig } from '../read-config.ts';
import { differenceLines, DifferencesToPrint, maxPrinted, summaryLines } from './print-replay.ts';

interface ReplayFlags {
  readonly log?: string;
  readonly fromIndex?: number;
  readonly toIndex?: number;
  readonly json?: boolean;
}

const place = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it is the place of an entry, a number from 0.');
};

const refuse = (what: string, mend: string): ConfigError =>
  new ConfigError([{ where: 'sayso audit replay', what, mend }]);

const logsFor = async (knex: Knex, flags: ReplayFlags): Promise<readonly LogState[]> => {
  const all = await readLogs(knex);
  const names = all.map(({ origin }) => origin).join(', ');
  const chosen = flags.log === undefined ? all : all.filter(({ origin }) => origin === flags.log);
  if (flags.log !== undefined && chosen.length === 0)
    throw refuse(
      'there is no log of this name',
      names === '' ? 'there is none yet' : `there are: ${names}`,
    );
  if (chosen.length > 1 && (flags.fromIndex !== undefined || flags.toIndex !== undefined))
    throw refuse('each log counts its own entries', `say which one with --log: ${names}`);
  return chosen;
};

/** Reads Sayso's own database, beside a gateway or without one, and changes nothing. */
const withDatabase = async <T>(use: (knex: Knex) => Promise<T>): Promise<T> => {
  const database = await openDatabase({
    config: readConfig(),
    role: 'command',
    log: () => undefined,
  });
  try {
    if (await isMigrated(database.knex)) return await use(database.knex);
    throw refuse('this version of Sayso never ran on this database', 'start Sayso once');
  } finally {
    await database.close();
  }
};

const replay = async (knex: Knex, flags: ReplayFlags): Promise<boolean> => {
  const logs = await logsFor(knex, flags);
  const kept = new DifferencesToPrint();
  const progress = createProgress((total) => `replaying ${total} entries …`);
  const summary = await replayLogs({
    knex,
    logs,
    from: flags.fromIndex,
    to: flags.toIndex === undefined ? undefined : flags.toIndex + 1,
    onDifference: (difference) => {
      if (flags.json) console.log(JSON.stringify(difference));
      else kept.add(difference);
    },
    onProgress: (done, total) => progress.show(done, total, `${done} of ${total} entries`),
  }).finally(() => progress.stop());
  if (flags.json) {
    console.log(JSON.stringify({ summary }));
    return isSound(summary);
  }
  const printed = kept.list();
  for (const difference of printed) console.log(differenceLines(difference));
  if (printed.length === maxPrinted) console.log(`… the first ${maxPrinted}; all with --json`);
  if (printed.length > 0) console.log('');
  for (const line of summaryLines(summary)) console.log(line);
  return isSound(summary);
};

/** `sayso audit replay`: derives every decision of the log anew. */
export const replayCommand = (): Command =>
  new Command('replay')
    .description(
      'derive every decision in the log anew, from ledger and policy at its time, and name what differs',
    )
    .option('--log <origin>', 'one log; all that there are, without it')
    .option('--from-index <number>', 'first entry', place)
    .option('--to-index <number>', 'last entry', place)
    .option('--json', 'a line of JSON for each difference, then one with the summary')
    .addHelpText(
      'after',
      '\nExit codes: 0 everything follows, 1 something differs or could not be replayed',
    )
    .action(async (flags: ReplayFlags) => {
      if (!(await withDatabase((knex) => replay(knex, flags)))) process.exitCode = 1;
    });
