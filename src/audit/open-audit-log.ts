import type { Knex } from 'knex';
import { createAuditStore, type AuditStore } from './audit-store.ts';
import { createCheckpointer } from './checkpointer.ts';
import { openLogKey, readLogKey, type LogKey } from './log-key.ts';
import { beginLog, noteKey } from './log-state.ts';
import { ensureMonths } from './partitions.ts';

/** The log that this process writes. */
export interface AuditLog {
  readonly id: number;
  readonly origin: string;
  readonly key: LogKey;
  readonly store: AuditStore;
  /** Signs what was written last, and stops. */
  close(): Promise<void>;
}

export interface OpenAuditLogOptions {
  readonly knex: Knex;
  readonly dataDir: string;
  /** What the names of all logs of a deployment begin with. */
  readonly origin: string;
  readonly onCheckpoint?: (note: string) => Promise<void>;
  /** Told when a checkpoint could not be signed or witnessed; answers do not wait for those. */
  readonly onError: (error: unknown) => void;
}

/**
 * Opens the log whose key lies in a data folder; on first use key and log are made. A command beside
 * a gateway writes to the same log, and they take turns.
 *
 * @throws ConfigError when the key cannot be used, and what the database says
 */
export const openAuditLog = async ({
  knex,
  dataDir,
  origin: base,
  onCheckpoint,
  onError,
}: OpenAuditLogOptions): Promise<AuditLog> => {
  const key = openLogKey(dataDir, base);
  const { origin } = key;
  await ensureMonths(knex, new Date());
  const id = await beginLog(knex, origin, key.public);
  let noted = key.public;
  const checkpointer = createCheckpointer({
    knex,
    log: id,
    // Read anew: `sayso audit key rotate` puts another in its place.
    signer: () => {
      const current = readLogKey(dataDir) ?? key;
      if (current.public !== noted) {
        noted = current.public;
        noteKey(knex, id, current.public).catch(onError);
      }
      return current.signer;
    },
    ...(onCheckpoint && { onCheckpoint }),
    onError,
  });
  const store = createAuditStore({
    knex,
    log: id,
    origin,
    onSize: (size) => checkpointer.note(size),
  });
  return { id, origin, key, store, close: () => checkpointer.close() };
};
