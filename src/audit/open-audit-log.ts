import type { Knex } from 'knex';
import { createAuditStore, type AuditStore } from './audit-store.ts';
import { createCheckpointer } from './checkpointer.ts';
import { openLogKey, readLogKey, type LogKey } from './log-key.ts';
import { beginLog, noteKey, readLog } from './log-state.ts';
import { ensureMonths } from './partitions.ts';
import { createSubmitter, type WitnessReport } from './submit-checkpoint.ts';
import type { WitnessAddress } from './witness-client.ts';

/** The log that this process writes. */
export interface AuditLog {
  readonly id: number;
  readonly origin: string;
  readonly key: LogKey;
  readonly store: AuditStore;
  /** Signs what was written last, has it witnessed if that is soon done, and stops. */
  close(): Promise<void>;
}

export interface OpenAuditLogOptions {
  readonly knex: Knex;
  readonly dataDir: string;
  /** What the names of all logs of a deployment begin with. */
  readonly origin: string;
  /** Who is to cosign its checkpoints; answers do not wait for them. */
  readonly witnesses?: readonly WitnessAddress[];
  readonly onWitness?: (report: WitnessReport) => void;
  /** Told when a checkpoint could not be signed; answers do not wait for that. */
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
  witnesses = [],
  onWitness: report = () => undefined,
  onError,
}: OpenAuditLogOptions): Promise<AuditLog> => {
  const key = openLogKey(dataDir, base);
  const { origin } = key;
  await ensureMonths(knex, new Date());
  const id = await beginLog(knex, origin, key.public);
  const submitter = createSubmitter({ knex, log: id, witnesses, report });
  // What went back while nothing ran is found now, and not only with the next entry.
  const { checkpoint } = (await readLog(knex, id)) ?? {};
  if (checkpoint) submitter.submit(checkpoint);
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
    onCheckpoint: (note) => submitter.submit(note),
    onError,
  });
  const store = createAuditStore({
    knex,
    log: id,
    origin,
    onSize: (size) => checkpointer.note(size),
  });
  const close = async (): Promise<void> => {
    await checkpointer.close();
    await submitter.close();
  };
  return { id, origin, key, store, close };
};
