import type { Statements } from '../core/statement.ts';
import { batchSize, indexAudit, type Indexed } from './audit-index.ts';
import { RecentEntries, type WrittenEntry } from './recent-entries.ts';

/** Indexes behind the log. */
export interface AuditIndexer {
  /** Something was written, this entry if it is known; indexes soon. */
  wake(written?: WrittenEntry): void;
  close(): Promise<void>;
}

export interface AuditIndexerOptions {
  readonly database: Statements;
  /** Least time between two runs, milliseconds. */
  readonly every?: number;
  readonly onError: (error: unknown) => void;
}

/** Longest wait after failures. */
const longestMs = 30_000;

/** Indexes while the log grows; answers do not wait for it, and what fails is tried again. */
export const createAuditIndexer = ({
  database,
  every = 1_000,
  onError,
}: AuditIndexerOptions): AuditIndexer => {
  let closed = false;
  let pending = false;
  let delay = every;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const recent = new RecentEntries();
  /** As the run before found them. */
  let seen: ReadonlyMap<number, number> = new Map();

  const work = async (): Promise<void> => {
    try {
      let first: Indexed | undefined;
      // By batches, so that closing does not wait long.
      for (let left = 1; left > 0 && !closed;) {
        const run = await indexAudit(database, { most: batchSize, recent, seen });
        ({ left } = run);
        first ??= run;
      }
      // Whoever writes what was passed over may be gone: then it has not moved next time.
      if (first && first.passedOver > 0) pending = true;
      seen = first?.stands ?? seen;
      delay = every;
    } catch (error) {
      pending = true;
      delay = Math.min(delay * 2, longestMs);
      if (!closed) onError(error);
    }
  };
  const run = (): void => {
    pending = false;
    running = work().then(() => {
      timer = undefined;
      if (pending) schedule();
    });
  };
  const schedule = (): void => {
    if (!closed) timer ??= setTimeout(run, delay).unref();
  };
  return {
    wake: (written) => {
      if (written) recent.add(written);
      pending = true;
      schedule();
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
};
