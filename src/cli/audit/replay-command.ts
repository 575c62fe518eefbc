import { Command } from 'commander';
import type { Knex } from 'knex';
import { readLogs, type LogState } from '../../audit/log-state.ts';
import { ConfigError } from '../../core/errors.ts';
import { isSound, replayLogs } from '../../replay/replay-log.ts';
import { createProgress } from '../progress.ts';
import { placeOption } from './place-option.ts';
import { differenceLines, DifferencesToPrint, maxPrinted, summaryLines } from './print-replay.ts';
import { withAudit } from './with-audit.ts';

interface ReplayFlags {
  readonly log?: string;
  readonly fromIndex?: number;
  readonly toIndex?: number;
  readonly json?: boolean;
}

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

const replay = async (knex: Knex, flags: ReplayFlags): Promise<boolean> => {
  const logs = await logsFor(knex, flags);
  const kept = new DifferencesToPrint();
  const progress = createProgress((total) => `replaying ${total} entries …`);
  const summary = await replayLogs({
    knex,
    logs,
    from: flags.fromIndex,
    to: flags.toIndex,
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
    .option('--from-index <place>', 'from this entry on', placeOption)
    .option('--to-index <place>', 'up to this entry, which does not count any more', placeOption)
    .option('--json', 'a line of JSON for each difference, then one with the summary')
    .addHelpText(
      'after',
      '\nExit codes: 0 everything follows, 1 something differs or could not be replayed',
    )
    .action((flags: ReplayFlags, command: Command) => {
      if ((flags.fromIndex ?? 0) >= (flags.toIndex ?? Infinity))
        command.error('error: --from-index is not before --to-index', { exitCode: 2 });
      return withAudit(async ({ knex }) => {
        if (!(await replay(knex, flags))) process.exitCode = 1;
      });
    });
