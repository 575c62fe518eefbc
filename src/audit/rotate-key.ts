import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { KeyEntry } from './entry.ts';
import type { AuditStore } from './audit-store.ts';
import { signCheckpoint } from './checkpointer.ts';
import { parseNote, verifierOf } from '../tlog/note.ts';
import { decodeEntry } from './decode-entry.ts';
import { readLog } from './log-state.ts';
import { adoptNextKey, prepareNextKey, readLogKey, type LogKey } from './log-key.ts';
import { proveEntry } from './prove-entry.ts';
import { signedMemory } from './signed-memory.ts';
import { byKnex } from '../core/statement.ts';

export interface RotateOptions {
  readonly knex: Knex;
  readonly dataDir: string;
  /** The log of the folder, and its one writer. */
  readonly log: number;
  readonly store: AuditStore;
  readonly actor: string;
  /** Told before each step, for tests that end there. */
  readonly onStep?: (step: RotateStep) => void;
}

export type RotateStep = 'append' | 'sign' | 'note' | 'adopt' | 'resign';

export interface Rotated {
  readonly index: number;
  readonly before: string;
  readonly now: string;
}

/** Of the key alone, so that whoever goes on with a rotation finds the entry it has made. */
const idOf = (key: string): string => {
  const hex = createHash('sha256').update(`sayso key ${key}`).digest('hex');
  // RFC 9562, version 8.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
};

const find = async (
  knex: Knex,
  log: number,
  id: string,
): Promise<{ readonly index: number; readonly entry: Buffer } | undefined> => {
  const { rows } = await knex.raw<{ rows: { index: number; entry: Buffer }[] }>(
    'select index::float8, entry from audit_entry where log = ? and id = ?',
    [log, id],
  );
  return rows[0];
};

/** Notes the new key with the proof that the old one named it. */
const note = async (
  { knex, dataDir, log, onStep }: RotateOptions,
  current: LogKey,
  next: LogKey,
  { index, entry }: { readonly index: number; readonly entry: Buffer },
): Promise<void> => {
  const { rows } = await knex.raw<{ rows: unknown[] }>(
    'select 1 from audit_key where log = ? and key = ?',
    [log, next.public],
  );
  if (rows.length > 0) return;
  onStep?.('sign');
  // The last that is the old key's, and the new one's first: it leads from one to the other.
  const checkpoint = await signCheckpoint(
    byKnex(knex),
    log,
    [current.signer, next.signer],
    signedMemory(dataDir),
  );
  const { proof } = await proveEntry({ knex, log, index, checkpoint, extra: entry });
  onStep?.('note');
  await knex.raw(
    `insert into audit_key (log, key, from_index, introduced) values (?, ?, ?, ?)
     on conflict do nothing`,
    [log, next.public, index + 1, proof],
  );
};

/** Whether a key has signed the newest checkpoint. */
const hasSigned = async (knex: Knex, log: number, key: string): Promise<boolean> => {
  const { checkpoint } = (await readLog(byKnex(knex), log)) ?? {};
  const { keyId } = verifierOf(key);
  return !!checkpoint && parseNote(checkpoint).signatures.some((one) => one.keyId === keyId);
};

/**
 * The rotation to the key in use, if it was cut short before its last step: the key before it has
 * signed the newest checkpoint, with it or alone.
 */
const unfinished = async (
  { knex, log }: RotateOptions,
  current: LogKey,
): Promise<Rotated | undefined> => {
  const written = await find(knex, log, idOf(current.public));
  const entry = written && decodeEntry(written.entry);
  if (entry?.kind !== 'key' || !(await hasSigned(knex, log, entry.replaces))) return undefined;
  return { index: written?.index ?? 0, before: entry.replaces, now: current.public };
};

/**
 * Puts a new key in the place of the one that signs. The log itself says so, in an entry that the old
 * key signs for. Cut short at any point, it is gone on with by calling it again. Once the new key alone
 * has signed, calling it again is another rotation.
 *
 * @throws ConfigError, AuditError, and what the database says
 */
export const rotateKey = async (options: RotateOptions): Promise<Rotated> => {
  const { knex, dataDir, log, store, actor, onStep } = options;
  const current = readLogKey(dataDir);
  if (!current) throw new Error('a log that was opened has no key');
  const cutShort = await unfinished(options, current);
  if (cutShort) {
    await signCheckpoint(byKnex(knex), log, [current.signer], signedMemory(dataDir));
    return cutShort;
  }
  const next = prepareNextKey(dataDir, current);
  const entry: KeyEntry = {
    kind: 'key',
    id: idOf(next.public),
    actor,
    key: next.public,
    replaces: current.public,
  };
  onStep?.('append');
  if (!(await find(knex, log, entry.id))) await store.append(entry);
  const written = await find(knex, log, entry.id);
  if (!written) throw new Error('an entry that was written is not there');
  await note(options, current, next, written);
  onStep?.('adopt');
  adoptNextKey(dataDir, current);
  onStep?.('resign');
  // A gateway may have signed by the old key meanwhile.
  await signCheckpoint(byKnex(knex), log, [next.signer], signedMemory(dataDir));
  return { index: written.index, before: current.public, now: next.public };
};
