import { join } from 'node:path';
import type { Knex } from 'knex';
import { ownLogs } from '../../audit/log-folders.ts';
import { readLogs, sizeOf } from '../../audit/log-state.ts';
import { databaseSource } from '../../audit/verify/database-source.ts';
import { exportSource } from '../../audit/verify/export-source.ts';
import { folderSource, originsIn } from '../../audit/verify/folder-source.ts';
import { httpSource, originsOver } from '../../audit/verify/http-source.ts';
import type { LogSource } from '../../audit/verify/log-source.ts';
import { folderOf } from '../../audit/write-tiles.ts';
import { SaysoError } from '../../core/errors.ts';
import { parseCheckpoint } from '../../tlog/checkpoint.ts';
import { decodeText, parseNote, verifierOf } from '../../tlog/note.ts';
import type { TileReader } from '../../tlog/tiles.ts';
import { readConfig } from '../read-config.ts';
import { kindOf, loadFile } from './save-file.ts';

export interface VerifyCommandOptions {
  readonly key?: readonly string[];
  readonly log?: string;
  readonly url?: string;
  readonly token?: string;
  readonly folder?: string;
  readonly export?: string;
  readonly checkpoint?: string;
  readonly fromIndex?: number;
  readonly toIndex?: number;
  readonly goneBefore?: number;
  readonly since?: readonly string[];
  readonly save?: string;
  readonly witness?: readonly string[];
  readonly witnessWithin?: number;
  readonly json?: boolean;
  readonly proof?: string;
  readonly entry?: string;
}

/** A checkpoint that the auditor kept, with tiles if a whole folder was kept. */
export interface Kept {
  readonly origin: string;
  readonly checkpoint: string;
  readonly tiles?: TileReader | undefined;
}

const isKey = (text: string): boolean => {
  try {
    return verifierOf(text).name !== '';
  } catch {
    return false;
  }
};

/** A key as text, or the keys in a file, one a line. */
const keysOf = async (given: string): Promise<readonly string[]> => {
  if (isKey(given)) return [given];
  if ((await kindOf(given)) === 'file') {
    const lines = (await loadFile('--key', given)).toString().split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }
  // Says what is wrong with it.
  verifierOf(given);
  return [];
};

/** The auditor's keys, or else those of this data folder. */
export const readKeysGiven = async ({
  key,
  log,
}: VerifyCommandOptions): Promise<{ readonly keys: readonly string[]; readonly own: boolean }> => {
  const given = (await Promise.all((key ?? []).map(keysOf))).flat();
  const own = given.length === 0 ? ownLogs(readConfig().dataDir) : [];
  const keys = [...given, ...own.map(({ key: one }) => one.public)];
  const wanted = keys.filter((one) => log === undefined || verifierOf(one).name === log);
  if (wanted.length > 0) return { keys: wanted, own: own.length > 0 };
  const what =
    keys.length === 0
      ? 'give the key of the log with --key: this data folder has none'
      : `none of the keys is one of log \`${log ?? ''}\``;
  throw new SaysoError(what, { code: 'AUDIT_NO_KEY', status: 400 });
};

/** A token as text, or the one in a file: arguments are seen by others on the machine. */
const tokenOf = async (given: string | undefined): Promise<string | undefined> =>
  given !== undefined && (await kindOf(given)) === 'file'
    ? (await loadFile('--token', given)).toString().trim()
    : given;

const readNote = async (option: string, path: string): Promise<string> =>
  decodeText(await loadFile(option, path));

export const readKept = async (path: string): Promise<Kept> => {
  const isFolder = (await kindOf(path)) === 'folder';
  const checkpoint = await readNote('--since', isFolder ? join(path, 'checkpoint') : path);
  const { origin } = parseCheckpoint(parseNote(checkpoint).text);
  return { origin, checkpoint, tiles: isFolder ? folderSource(path).tiles : undefined };
};

const folderFor = async (folder: string, origin: string): Promise<LogSource> => {
  const own = folderOf(folder, origin);
  return folderSource((await kindOf(own)) === 'folder' ? own : folder);
};

const bare = (url: string): string => url.replace(/\/+$/, '');
/** That of a gateway, for all logs. */
const isOfAll = (url: string): boolean => bare(url).endsWith('/audit');

const addressFor = (url: string, origin: string): string => {
  const address = bare(url);
  if (!isOfAll(url)) return address;
  return `${address}/${origin.split('/').map(encodeURIComponent).join('/')}`;
};

/** Where a log is read from. */
export const sourceFor = async (
  options: VerifyCommandOptions,
  origin: string,
  knex: Knex | undefined,
): Promise<LogSource> => {
  const { url, folder, export: file, checkpoint } = options;
  let source: LogSource;
  if (url !== undefined)
    source = httpSource({ url: addressFor(url, origin), token: await tokenOf(options.token) });
  else if (folder !== undefined) source = await folderFor(folder, origin);
  else if (knex) source = await databaseSource(knex, origin);
  else
    source = {
      checkpoint: () => readNote('--checkpoint', checkpoint ?? ''),
      info: () => Promise.resolve({ minimumIndex: 0, keys: [] }),
      bundle: () => Promise.resolve({ entries: [], findings: [] }),
    };
  if (file === undefined) return source;
  const beside = checkpoint === undefined ? source : withNote(source, checkpoint);
  return exportSource({ file, origin, beside });
};

/** By an older checkpoint than there is; that one was witnessed later is no wonder then. */
const withNote = (source: LogSource, file: string): LogSource => {
  const checkpoint = (): Promise<string> => readNote('--checkpoint', file);
  return {
    ...source,
    checkpoint,
    info: async () => {
      const { minimumIndex, keys, witnessed } = await source.info();
      const size = sizeOf(await checkpoint());
      const isEarlier = witnessed !== undefined && sizeOf(witnessed) <= size;
      return { minimumIndex, keys, witnessed: isEarlier ? witnessed : undefined };
    },
  };
};

/**
 * Logs that lie where others are verified, and whose keys nobody gave: whoever runs more workers has more
 * logs than before. None where one log was named.
 *
 * @returns nothing where it is not told which there are
 */
export const otherLogs = async (
  options: VerifyCommandOptions,
  origins: readonly string[],
  knex: Knex | undefined,
): Promise<readonly string[] | undefined> => {
  const { url, folder, log, export: file } = options;
  if (log !== undefined || file !== undefined) return [];
  let there: readonly string[] | undefined = [];
  if (url !== undefined && isOfAll(url))
    there = await originsOver({ url: bare(url), token: await tokenOf(options.token) });
  else if (folder !== undefined) there = await originsIn(folder);
  else if (knex)
    there = (await readLogs(knex)).filter(({ size }) => size > 0).map(({ origin }) => origin);
  return there?.filter((origin) => origin !== '' && !origins.includes(origin));
};
