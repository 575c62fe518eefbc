import { Command, InvalidArgumentError } from 'commander';
import type { Knex } from 'knex';
import { verifyLog, type VerifyReport } from '../../audit/verify/verify-log.ts';
import { hashLeaf } from '../../tlog/merkle.ts';
import { cosignatureVerifierOf } from '../../tlog/cosignature.ts';
import { decodeText, verifierOf } from '../../tlog/note.ts';
import { verifyProofFile } from '../../tlog/proof-file.ts';
import { createProgress } from '../progress.ts';
import { visible, visibleLines } from '../visible.ts';
import { printVerified } from './print-verified.ts';
import { loadFile, saveFile } from './save-file.ts';
import {
  otherLogs,
  readKeysGiven,
  readKept,
  sourceFor,
  type Kept,
  type VerifyCommandOptions,
} from './verify-inputs.ts';
import { withAudit } from './with-audit.ts';

const place = (text: string): number => {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it is no place in a log: 0, 1, 2, …');
};

const several = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** What cannot go together, or lacks something. */
const wrongUse = (options: VerifyCommandOptions): string | undefined => {
  const { proof, entry, url, folder, token, checkpoint, fromIndex, toIndex } = options;
  if ((proof === undefined) !== (entry === undefined)) return '--proof and --entry go together';
  if (proof !== undefined && (url ?? folder ?? options.export ?? options.since) !== undefined)
    return '--proof is verified by itself';
  if (url !== undefined && folder !== undefined) return 'give --url or --folder';
  if (token !== undefined && url === undefined) return '--token goes with --url';
  if (checkpoint !== undefined && options.export === undefined)
    return '--checkpoint goes with --export';
  if (options.export !== undefined && (checkpoint ?? url ?? folder) === undefined)
    return '--export needs a --checkpoint, or --url or --folder to read it from';
  if (options.witnessWithin !== undefined && (options.witness ?? []).length === 0)
    return '--witness-within goes with --witness';
  if ((fromIndex ?? 0) >= (toIndex ?? Infinity)) return '--from-index is not before --to-index';
  return undefined;
};

/** What was kept of a log. What was kept of no log that is verified is held against each: it must not be passed over. */
const keptOf = (origin: string, { origins, kept }: Given): Kept | undefined =>
  kept.find((one) => one.origin === origin) ?? kept.find((one) => !origins.includes(one.origin));

/** What the auditor has. */
interface Given {
  readonly keys: readonly string[];
  readonly origins: readonly string[];
  /** They are those of the data folder. */
  readonly own: boolean;
  readonly kept: readonly Kept[];
}

const verifyOne = async (
  origin: string,
  given: Given,
  options: VerifyCommandOptions,
  knex: Knex | undefined,
): Promise<VerifyReport> => {
  const { keys, own, kept } = given;
  const known = keptOf(origin, given);
  const progress = createProgress((total) => `verifying ${total} entries, …`);
  try {
    const report = await verifyLog(await sourceFor(options, origin, knex), {
      keys: keys.filter((key) => verifierOf(key).name === origin),
      from: options.fromIndex,
      to: options.toIndex,
      goneBefore: options.goneBefore,
      known,
      witnesses: options.witness,
      witnessWithin: options.witnessWithin,
      onProgress: (done, total) => progress.show(done, total, `${done} entries`),
    });
    const remarks = [...report.remarks];
    if (own)
      remarks.push('the key is that of this data folder: an auditor has it from elsewhere (--key)');
    if (kept.length > 0 && known === undefined)
      remarks.push('nothing was kept of this log (--since): it is verified by its key alone');
    return { ...report, remarks };
  } finally {
    progress.stop();
  }
};

const verifyAll = async (
  options: VerifyCommandOptions,
  command: Command,
  knex?: Knex,
): Promise<void> => {
  const { keys, own } = await readKeysGiven(options);
  const origins = [...new Set(keys.map((key) => verifierOf(key).name))];
  if (options.save !== undefined && origins.length > 1)
    command.error('error: --save keeps one log: name it with --log', { exitCode: 2 });
  const reports: VerifyReport[] = [];
  const kept = await Promise.all((options.since ?? []).map(readKept));
  for (const origin of origins)
    reports.push(await verifyOne(origin, { keys, origins, own, kept }, options, knex));
  const sound = reports.every((report) => report.sound);
  const notVerified = await otherLogs(options, origins, knex);
  if (options.json)
    console.log(
      visibleLines(
        JSON.stringify({ sound, notVerified: notVerified ?? null, logs: reports }, null, 2),
      ),
    );
  else {
    console.log(reports.map(printVerified).join('\n\n'));
    if (notVerified?.length !== 0) console.log('');
    if (!notVerified) console.log('it is not told there whether there are other logs');
    for (const origin of notVerified ?? [])
      console.log(
        visible(`NOT VERIFIED: log ${origin} is there too, and none of the keys is its own`),
      );
  }
  const [only] = reports;
  // What is not sound is nothing to measure by the next time.
  if (options.save !== undefined && sound && only)
    await saveFile('--save', options.save, only.checkpoint);
  if (!sound) process.exitCode = 1;
};

/** Offline: by the two files and the key alone. */
const verifyProof = async (options: VerifyCommandOptions): Promise<void> => {
  const { keys, own } = await readKeysGiven(options);
  const entry = await loadFile('--entry', options.entry ?? '');
  const proof = decodeText(await loadFile('--proof', options.proof ?? ''));
  const witnesses = (options.witness ?? []).map(cosignatureVerifierOf);
  const verified = verifyProofFile(proof, hashLeaf(entry), keys.map(verifierOf), witnesses);
  const { index, checkpoint, cosignatures } = verified;
  const missing = witnesses.filter(({ keyId }) => !cosignatures.some((one) => one.keyId === keyId));
  const sound = missing.length === 0;
  const { origin, size } = checkpoint;
  const seen = cosignatures.map(({ name, seconds }) => ({
    name,
    at: new Date(seconds * 1_000).toISOString(),
  }));
  if (options.json) {
    const said = { sound, origin, index: Number(index), size: Number(size), witnesses: seen };
    console.log(visibleLines(JSON.stringify(said, null, 2)));
  } else {
    console.log(visible(`entry ${index} of ${size} in ${origin}`));
    for (const { name, at } of seen) console.log(visible(`witness ${name} saw it at ${at}`));
    for (const { name } of missing) console.log(visible(`witness ${name} has not signed`));
    if (own) console.log('the key is that of this data folder: an auditor has it from elsewhere');
    console.log(sound ? 'sound: the entry is in the log' : 'NOT SOUND');
  }
  if (!sound) process.exitCode = 1;
};

/** `sayso audit verify`: that a log is what it was, by a key alone. Exit codes: 0 sound, 1 not. */
export const verifyCommand = (): Command =>
  new Command('verify')
    .description('verify a log, or a proof, by its public key alone')
    .option('--key <key>', 'a verifier key, or a file with keys; may be repeated', several)
    .option('--log <origin>', 'only this one of the logs whose keys are given')
    .option('--url <url>', 'read it from a gateway (https://…/audit) or from its tiles elsewhere')
    .option('--token <token>', 'for --url: a token with the scope audit:read, or a file with it')
    .option('--folder <folder>', 'read it from a folder that `sayso audit tiles` has written')
    .option('--export <file>', 'read the entries from a file that `sayso audit export` has written')
    .option('--checkpoint <file>', 'for --export: the checkpoint to verify by')
    .option('--from-index <place>', 'from this entry on', place)
    .option('--to-index <place>', 'up to this entry, which does not count any more', place)
    .option('--gone-before <place>', 'entries before it are known to be gone', place)
    .option('--since <file>', 'a checkpoint kept earlier, or a folder of tiles kept', several)
    .option('--save <file>', 'keep the checkpoint there, for --since the next time')
    .option('--witness <key>', 'a witness that must have signed; may be repeated', several)
    .option('--witness-within <entries>', 'so many of the newest it may not have seen', place)
    .option('--proof <file>', 'verify this proof instead, offline')
    .option('--entry <file>', 'for --proof: the bytes of the entry')
    .option('--json', 'print the report as JSON')
    .allowExcessArguments(false)
    .action(async (options: VerifyCommandOptions, command: Command) => {
      const wrong = wrongUse(options);
      if (wrong !== undefined) command.error(`error: ${wrong}`, { exitCode: 2 });
      if (options.proof !== undefined) return verifyProof(options);
      if ((options.url ?? options.folder ?? options.export) !== undefined)
        return verifyAll(options, command);
      return withAudit(({ knex }) => verifyAll(options, command, knex));
    });
