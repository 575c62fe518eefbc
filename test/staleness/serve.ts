import { fileURLToPath } from 'node:url';
import { configFor } from '../../bench/config-for.ts';
import { startApp, type App } from '../../src/app.ts';
import { faults } from './faults.ts';
import type { Order, Report } from './gateway.ts';

/** The serving process: one whole gateway, which ends when the process that started it does. */

let app: Promise<App> | undefined;

const obey = async (order: Order): Promise<Report> => {
  if ('fault' in order) {
    faults[order.fault]();
    return 'broken';
  }
  app = startApp({
    ...configFor(order.place),
    schemaDir: fileURLToPath(new URL('schema', import.meta.url)),
  });
  return { url: (await app).url };
};

const tell = (report: Report): void => void process.send?.(report);

process.on('message', (order: Order) => {
  obey(order).then(tell, (error: unknown) =>
    tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once('disconnect', () => {
  const done = (): never => process.exit(0);
  // Nobody is left to ask again, so what does not close in time is left to the system.
  setTimeout(done, 5_000).unref();
  Promise.resolve(app)
    .then((running) => running?.close())
    .then(done, done);
});
// Ctrl-C reaches every process of the terminal; whoever started us then ends us in their own time.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => undefined);
}
tell('ready');
