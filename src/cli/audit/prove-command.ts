import { Command } from 'commander';
import type { Knex } from 'knex';
import { signCheckpoint } from '../../audit/checkpointer.ts';
import { ownLogs } from '../../audit/log-folders.ts';
import { readLogKey } from '../../audit/log-key.ts';
import { readLog, readLogs, sizeOf, type LogState } from '../../audit/log-state.ts';
import { proveEntry } from '../../audit/prove-entry.ts';
import { signedMemory } from '../../audit/signed-memory.ts';
import { SaysoError } from '../../core/errors.ts';
import { visible } from '../visible.ts';
import { writing } from './output.ts';
import { saveFile } from './save-file.ts';
import { withAudit } from './with-audit.ts';
import { byKnex } from '../../core/statement.ts';

interface ProveOptions {
  readonly log?: string;
  readonly out?: string;
  readonly entryOut?: string;
}

interface Place {
  readonly log: LogState;
  readonly index: number;
}

const noEntry = (what: string): SaysoError =>
  new SaysoError(visible(what), { code: 'AUDIT_NO_ENTRY', status: 404 });

/** The log that a number counts in: the one named, or this data folder's, or the only one. */
const logOf = async (knex: Knex, named: string | undefined, dataDir: string): Promise<LogState> => {
  const origin = named ?? readLogKey(dataDir)?.origin;
  const logs = await readLogs(knex);
  const log = origin === undefined && logs.length === 1 ? logs[0] : undefined;
  const found = log ?? (await readLog(byKnex(knex), origin ?? ''));
  if (found) return found;
  const names = logs.map((one) => `\`${one.origin}\``).join(', ');
  throw noEntry(`name a log with --log; there are ${names || 'none'}`);
};

/** Of an operation in several parts the first. */
const placeOf = async (
  knex: Knex,
  wanted: string,
  named: string | undefined,
  dataDir: string,
): Promise<Place> => {
  if (/^(0|[1-9][0-9]{0,15})$/.test(wanted)) {
    const log = await logOf(knex, named, dataDir);
    if (Number(wanted) < log.size) return { log, index: Number(wanted) };
    throw noEntry(`log \`${log.origin}\` has ${log.size} entries, and so no entry ${wanted}`);
  }
  const { rows } = await knex.raw<{ rows: { origin: string; index: number }[] }>(
    `select origin, index::float8 from audit_entry join audit_log on audit_log.id = log
     where audit_entry.id = ? and (?::text is null or origin = ?) order by log, index limit 1`,
    [wanted, named ?? null, named ?? null],
  );
  const log = rows[0] && (await readLog(byKnex(knex), rows[0].origin));
  if (rows[0] && log) return { log, index: rows[0].index };
  throw noEntry('there is no entry of this id');
};

/** The newest note that holds the entry; one that a witness has signed counts more. */
const noteFor = async (knex: Knex, { log, index }: Place, dataDir: string): Promise<string> => {
  const note = [log.witnessed, log.checkpoint].find((one) => one !== null && sizeOf(one) > index);
  if (note) return note;
  const own = ownLogs(dataDir).find(({ key }) => key.origin === log.origin);
  if (own) return signCheckpoint(byKnex(knex), log.id, [own.key.signer], signedMemory(own.folder));
  throw noEntry(
    `no checkpoint holds entry ${index} yet: its gateway signs twice a second, so try again`,
  );
};

/** `sayso audit prove`: that an entry is in the log, for somebody far from it. */
export const proveCommand = (): Command =>
  new Command('prove')
    .description('write a proof (C2SP tlog-proof) that an entry is in the log')
    .argument('<entry>', 'its place in the log, or its id')
    .option('--log <origin>', 'the log that the place counts in; this data folder’s by default')
    .option('--out <file>', 'write the proof there instead of printing it')
    .option('--entry-out <file>', 'write the entry’s bytes there; the proof is about them')
    .allowExcessArguments(false)
    .action((wanted: string, options: ProveOptions, command: Command) => {
      if (!/^(\d{1,16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(wanted))
        command.error('error: give the place of an entry or its id', { exitCode: 2 });
      return withAudit(async ({ config: { dataDir }, knex }) => {
        const place = await placeOf(knex, wanted, options.log, dataDir);
        const { log, index } = place;
        const checkpoint = await noteFor(knex, place, dataDir);
        const { proof, entry } = await proveEntry({ knex, log: log.id, index, checkpoint });
        if (options.entryOut !== undefined) {
          if (!entry)
            throw noEntry(`retention has taken entry ${index}: only its hash is left to prove`);
          await saveFile('--entry-out', options.entryOut, entry);
        }
        await writing(options.out, (output) => output.write(proof));
        console.error(visible(`entry ${index} of ${sizeOf(checkpoint)} in ${log.origin}`));
      });
    });
