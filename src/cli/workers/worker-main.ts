import { startWorker, type App } from '../../app.ts';
import { deepFreeze } from '../../config/freeze.ts';
import { SaysoError } from '../../core/errors.ts';
import { tuneEngine } from '../tune-engine.ts';
import type { Order, Reason, Report } from './messages.ts';

const tell = (report: Report): void => void process.send?.(report);

const reasonOf = (error: unknown): Reason => {
  if (error instanceof SaysoError) return { code: error.code, message: error.message };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
};

/**
 * A process that serves as one of several: it is told what by its parent over IPC, and ends when it is
 * told to, or when the parent is gone (node:cluster sees to that).
 */
export const main = (): void => {
  if (!process.send) {
    console.error('this is a part of `sayso start` and cannot be run by itself');
    process.exitCode = 2;
    return;
  }
  tuneEngine();
  let app: Promise<App> | undefined;
  const end = (code: number): void => process.exit(code);
  const obey = async (order: Order): Promise<void> => {
    if (order.order === 'serve') {
      app = startWorker(deepFreeze(order.start));
      tell({ said: 'serving', url: (await app).url });
      return;
    }
    await (await app)?.close();
    end(0);
  };
  process.on('message', (order: Order) => {
    obey(order).catch((error: unknown) => {
      // Said whole before the channel goes.
      process.send?.({ said: 'failed', reason: reasonOf(error) } satisfies Report, () => end(1));
    });
  });
  // Ctrl-C reaches every process of the terminal, and an init system may signal all: the primary ends
  // us when it is time.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => undefined);
  tell({ said: 'loaded' });
};
