import { statement, type Statements } from '../core/statement.ts';
import { formatCheckpoint } from '../tlog/checkpoint.ts';
import { signNote, type Signer } from '../tlog/note.ts';
import { rootOf } from '../tlog/tiles.ts';
import { checkContinuation, databaseTiles, notItsRoot, readLog } from './log-state.ts';
import type { SignedMemory } from './signed-memory.ts';
import { cutTiles, readOnce } from './verify/tile-view.ts';

const keepCheckpoint = statement(
  'keep a checkpoint',
  `update audit_log set checkpoint = ?, checkpoint_size = ?::bigint
   where id = ? and coalesce(checkpoint_size, 0) <= ?::bigint`,
);

const timeoutMs = 30_000;

/**
 * Signs a log as it stands in the database: what is signed is what was committed, and a checkpoint
 * never takes the place of one of a longer log.
 *
 * @param memory what was signed before: the log must be a continuation of it
 * @returns the signed note (C2SP tlog-checkpoint)
 * @throws TlogError TLOG_HASH when it is none; it is not signed then
 */
export const signCheckpoint = async (
  database: Statements,
  log: number,
  signers: readonly Signer[],
  memory?: SignedMemory,
): Promise<string> => {
  const state = await readLog(database, log);
  if (!state) throw new Error('a log that was begun is not there');
  const { origin, size, root } = state;
  const last = memory?.read();
  // What it was and what it is are computed from mostly the same tiles, at its right edge.
  const tiles = cutTiles(readOnce(databaseTiles(database, log)), size);
  if (last) await checkContinuation(tiles, state, last);
  // Hashes first, then the signature: the root is a column like any other.
  if (last && !(await rootOf(tiles, size)).equals(root)) throw notItsRoot(state);
  const text = formatCheckpoint({ origin, size: BigInt(size), root, extensions: [] });
  const note = signNote(text, signers);
  // Before anybody sees it: what was once signed is never gone back behind.
  await memory?.write(note);
  await database.ask(keepCheckpoint, [note, size, log, size], timeoutMs);
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
  readonly database: Statements;
  readonly log: number;
  readonly memory: SignedMemory;
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
  const { database, log, memory, signer, onError, every = 500 } = options;
  let pending = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const sign = async (): Promise<void> => {
    pending = false;
    try {
      const note = await signCheckpoint(database, log, [signer()], memory);
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
