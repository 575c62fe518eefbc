import type { Knex } from 'knex';
import { formatCheckpoint } from '../tlog/checkpoint.ts';
import { signNote, type Signer } from '../tlog/note.ts';
import { readLog } from './log-state.ts';

/**
 * Signs a log as it stands in the database: what is signed is what was committed, and a checkpoint
 * never takes the place of one of a longer log.
 *
 * @returns the signed note (C2SP tlog-checkpoint)
 */
export const signCheckpoint = async (
  knex: Knex,
  log: number,
  signers: readonly Signer[],
): Promise<string> => {
  const state = await readLog(knex, log);
  if (!state) throw new Error('a log that was begun is not there');
  const { origin, size, root } = state;
  const text = formatCheckpoint({ origin, size: BigInt(size), root, extensions: [] });
  const note = signNote(text, signers);
  await knex.raw(
    `update audit_log set checkpoint = ?, checkpoint_size = ?
     where id = ? and coalesce(checkpoint_size, 0) <= ?`,
    [note, size, log, size],
  );
  return note;
};

/** Signs a log while it grows. */
export interface Checkpointer {
  /** Signs soon. */
  note(size: number): void;
  /** Signs what is left, and stops. */
  close(): Promise<void>;
}

export interface CheckpointerOptions {
  readonly knex: Knex;
  readonly log: number;
  /** Asked each time, since keys change while a gateway runs. */
  readonly signer: () => Signer;
  /** What to do with a checkpoint, such as having it witnessed. */
  readonly onCheckpoint?: (note: string) => Promise<void> | void;
  readonly onError: (error: unknown) => void;
  /** Least time between two signatures, milliseconds. */
  readonly every?: number;
}

/** Signs at most so often, however fast the log grows: between two signatures answers do not wait. */
export const createCheckpointer = (options: CheckpointerOptions): Checkpointer => {
  const { knex, log, signer, onError, every = 500 } = options;
  let pending = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const sign = async (): Promise<void> => {
    pending = false;
    try {
      const note = await signCheckpoint(knex, log, [signer()]);
      await options.onCheckpoint?.(note);
    } catch (error) {
      pending = true;
      onError(error);
    }
  };
  const run = (): void => {
    running = sign().then(() => {
      timer = undefined;
      if (pending && !closed) schedule();
    });
  };
  const schedule = (): void => {
    timer ??= setTimeout(run, every).unref();
  };
  return {
    note: () => {
      pending = true;
      if (!closed) schedule();
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
      if (pending) await sign();
    },
  };
};
