import { join } from 'node:path';
import type { Knex } from 'knex';
import { ConfigError } from '../core/errors.ts';
import { byKnex, type Statements } from '../core/statement.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { createAuditStore, type AuditStore } from './audit-store.ts';
import { createCheckpointer } from './checkpointer.ts';
import { logKeyReader, openLogKey, type LogKey } from './log-key.ts';
import {
  beginLog,
  checkContinuation,
  databaseTiles,
  loadTail,
  noteKey,
  readLog,
  sizeOf,
  type TreeHead,
} from './log-state.ts';
import { ensureMonths } from './partitions.ts';
import type { WrittenEntry } from './recent-entries.ts';
import { signedMemory, type SignedMemory } from './signed-memory.ts';
import { createSubmitter, type WitnessReport } from './submit-checkpoint.ts';
import type { WitnessAddress } from './witness-client.ts';

const hourMs = 3_600_000;

/** The log that this process writes. */
export interface AuditLog {
  readonly id: number;
  readonly origin: string;
  readonly key: LogKey;
  readonly store: AuditStore;
  /** Whether it could be gone on with. @throws TlogError, and what the database says */
  check(): Promise<unknown>;
  /** Signs soon what was written and is not signed: by another process, or by one that was killed. */
  catchUp(): Promise<void>;
  /** Signs what was written last, has it witnessed if that is soon done, and stops. */
  close(): Promise<void>;
}

export interface OpenAuditLogOptions {
  readonly knex: Knex;
  /** Sends what is written with every answer, when knex is not to build it anew each time. */
  readonly database?: Statements | undefined;
  readonly dataDir: string;
  /** What the names of all logs of a deployment begin with. */
  readonly origin: string;
  /** Who is to cosign its checkpoints; answers do not wait for them. */
  readonly witnesses?: readonly WitnessAddress[];
  readonly onWitness?: (report: WitnessReport) => void;
  /** Told when a checkpoint could not be signed; answers do not wait for that. */
  readonly onError: (error: unknown) => void;
  /** Told when an entry is durable, and of it if it is whole in one place. */
  readonly onWritten?: (written: WrittenEntry | undefined) => void;
}

/**
 * What was signed last, which the log must be a continuation of.
 *
 * @throws ConfigError when it is none
 */
const checkSigned = async (
  knex: Knex,
  log: number,
  memory: SignedMemory,
  dataDir: string,
): Promise<TreeHead | undefined> => {
  const last = memory.read();
  const state = await readLog(byKnex(knex), log);
  if (!last || !state) return last;
  try {
    await checkContinuation(databaseTiles(byKnex(knex), log), state, last);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    const where = join(dataDir, 'audit', 'signed');
    const mend =
      'restore the newest state of the database; if that is lost, keep the folder `audit` of the data folder for your auditors, and move it away to begin another log';
    throw new ConfigError([{ where, what: error.message, mend }], 'AUDIT_LOG_ROLLED_BACK');
  }
  return last;
};

/**
 * Opens the log whose key lies in a data folder; on first use key and log are made. A command beside
 * a gateway writes to the same log, and they take turns.
 *
 * @throws ConfigError when the key cannot be used, or the log is not a continuation of what it signed;
 *   and what the database says
 */
export const openAuditLog = async ({
  knex,
  database = byKnex(knex),
  dataDir,
  origin: base,
  witnesses = [],
  onWitness: report = () => undefined,
  onError,
  onWritten,
}: OpenAuditLogOptions): Promise<AuditLog> => {
  const key = openLogKey(dataDir, base);
  const { origin } = key;
  await ensureMonths(knex, new Date());
  const id = await beginLog(knex, origin, key.public);
  const memory = signedMemory(dataDir);
  const last = await checkSigned(knex, id, memory, dataDir);
  const submitter = createSubmitter({ knex, log: id, witnesses, report });
  // What went back while nothing ran is found now, and not only with the next entry.
  const { checkpoint } = (await readLog(database, id)) ?? {};
  if (checkpoint) submitter.submit(checkpoint);
  let noted = key.public;
  const readKey = logKeyReader(dataDir);
  const checkpointer = createCheckpointer({
    database,
    log: id,
    memory,
    // Read anew: `sayso audit key rotate` puts another in its place.
    signer: () => {
      const current = readKey() ?? key;
      if (current.public !== noted) {
        noted = current.public;
        noteKey(knex, id, current.public).catch(onError);
      }
      return current.signer;
    },
    onCheckpoint: (note) => submitter.submit(note),
    onError,
  });
  const store = createAuditStore({
    knex,
    database,
    log: id,
    origin,
    last,
    onSize: (size) => checkpointer.note(size),
    ...(onWritten && { onWritten }),
  });
  // Before it is needed: answers would have to wait for it.
  const months = setInterval(() => {
    ensureMonths(knex, new Date()).catch(onError);
  }, hourMs).unref();
  const close = async (): Promise<void> => {
    clearInterval(months);
    await checkpointer.close();
    await submitter.close();
  };
  const catchUp = async (): Promise<void> => {
    const state = await readLog(database, id);
    const signed = state?.checkpoint ? sizeOf(state.checkpoint) : 0;
    if (state && state.size > signed) checkpointer.note(state.size);
  };
  const check = (): Promise<unknown> => loadTail(database, id, memory.read());
  return { id, origin, key, store, check, catchUp, close };
};
