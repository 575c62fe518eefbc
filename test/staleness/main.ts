import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { openDatabase } from '../../src/database/open-database.ts';
import { countStale, type Figures } from './count-stale.ts';
import { faults, isFault, type Fault } from './faults.ts';
import { startTrio, type Trio } from './trio.ts';

const help = `npm run staleness -- [--withdrawals N] [--fault NAME] [--json]

Three gateways on one database: what is withdrawn on one may not be released by the next answer of
the others. Fails when it is; with a fault, when it is not.

  --withdrawals N  10000 unless told
  --fault NAME     break the gateways on purpose: ${Object.keys(faults).join(', ')}
  --json           one JSON object on standard output and nothing else
`;

const { values } = parseArgs({
  options: {
    withdrawals: { type: 'string', default: '10000' },
    fault: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Runs `use` with three gateways on one new PostgreSQL; nothing is left of them afterwards. */
const withTrio = async <T>(signal: AbortSignal, use: (trio: Trio) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'sayso-staleness-'));
  try {
    // As root the server runs as another account, which has to pass through.
    await chmod(folder, 0o711);
    const dataDir = join(folder, 'data');
    const log = (): void => undefined;
    const database = await openDatabase({ config: { dataDir }, role: 'gateway', log });
    try {
      await database.ensureDatabase('shop');
      const trio = await startTrio(
        { own: database.connection('sayso'), shop: database.connection('shop') },
        signal,
      );
      return await use(trio).finally(() => trio.close());
    } finally {
      await database.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** A bar on standard error, where that is a terminal. */
const progress = (total: number) => {
  if (!process.stderr.isTTY) return { show: () => undefined, stop: () => undefined };
  const format = '  {bar} {value} of {total} withdrawals';
  const bar = new SingleBar(
    { format, clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { show: (done: number) => bar.update(done), stop: () => bar.stop() };
};

const tableOf = (figures: Figures): string =>
  [
    ['withdrawals', `${figures.withdrawals} (by process: ${figures.byWriter.join(', ')})`],
    ['of them crossed by a read', figures.crossed],
    ['answers after them', figures.answers],
    ['stale answers', figures.stale],
    ['refused, asked again', figures.refusals],
    ['late grants', figures.lateGrants],
    ['rounds without warm-up', figures.unwarmed],
    ['seconds', figures.seconds.toFixed(1)],
  ]
    .map(([name, value]) => `${String(name).padEnd(28)}${String(value)}`)
    .join('\n');

const run = async (signal: AbortSignal): Promise<boolean> => {
  const withdrawals = Number(values.withdrawals);
  if (!Number.isInteger(withdrawals) || withdrawals < 1) {
    throw new Error('--withdrawals takes a whole number');
  }
  const fault = faultOf(values.fault);
  say('starting PostgreSQL and three gateways');
  const figures = await withTrio(signal, async (trio) => {
    if (fault !== undefined) await trio.breakBy(fault);
    const bar = progress(withdrawals);
    return countStale(trio, { signal, withdrawals, onWithdrawal: bar.show }).finally(bar.stop);
  });
  const passed = figures.stale > 0 === (fault !== undefined);
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ fault: fault ?? null, ...figures, passed }, null, 2)}\n`
      : `${tableOf(figures)}\n`,
  );
  if (!passed)
    say(fault === undefined ? 'failed: stale answers' : 'failed: the fault was not found');
  return passed;
};

const faultOf = (word: string | undefined): Fault | undefined => {
  if (word === undefined || isFault(word)) return word;
  throw new Error(`--fault takes one of ${Object.keys(faults).join(', ')}`);
};

const main = async (): Promise<void> => {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error('interrupted')));
  }
  try {
    if (!(await run(interrupted.signal))) process.exitCode = 1;
  } catch (error) {
    say(error instanceof Error ? `the run failed: ${error.message}` : String(error));
    process.exitCode = interrupted.signal.aborted ? 130 : 1;
  }
};

if (values.help) process.stdout.write(help);
else await main();
