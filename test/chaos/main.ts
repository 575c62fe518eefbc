import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { openDatabase } from '../../src/database/open-database.ts';
import { auditChaos, type ChaosFigures } from './audit-chaos.ts';

const help = `npm run chaos -- audit [--kills N] [--no-wait] [--json]

Kills gateways while they answer: between commit and answer, while a commit is under way, at any
moment. Fails when somebody received an answer whose entry is not in the log.

  --kills N   1000 unless told
  --no-wait   answers do not wait for the log, on purpose: fails unless that is found
  --json      one JSON object on standard output and nothing else
`;

const { values, positionals } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    'no-wait': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const progress = (total: number) => {
  if (!process.stderr.isTTY) return { show: () => undefined, stop: () => undefined };
  const bar = new SingleBar(
    { format: '  {bar} {value} of {total} kills', clearOnComplete: true, hideCursor: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { show: (done: number) => bar.update(done), stop: () => bar.stop() };
};

const tableOf = (figures: ChaosFigures): string =>
  [
    ['kills', figures.kills],
    ['  between commit and answer', figures.killsBy.committed],
    ['  while a commit was under way', figures.killsBy.sent],
    ['  at any moment', figures.killsBy.outside],
    ['answers received', figures.answers],
    ['of them without an entry', figures.missing],
    ['entries nobody heard of', figures.unheard],
    ['entries in all', `${figures.entries} in ${figures.logs} logs`],
    ['doubled, or not in the tree', figures.unsound],
    ['seconds', figures.seconds.toFixed(1)],
  ]
    .map(([name, value]) => `${String(name).padEnd(34)}${String(value)}`)
    .join('\n');

const run = async (signal: AbortSignal): Promise<boolean> => {
  const kills = Number(values.kills);
  if (!Number.isInteger(kills) || kills < 1) throw new Error('--kills takes a whole number');
  if (positionals.join() !== 'audit') throw new Error('the one thing to break is `audit`');
  const wait = !values['no-wait'];
  const folder = await mkdtemp(join(tmpdir(), 'sayso-chaos-'));
  try {
    // As root the server runs as another account, which has to pass through.
    await chmod(folder, 0o711);
    const database = await openDatabase({
      config: { dataDir: join(folder, 'data') },
      role: 'gateway',
      log: () => undefined,
    });
    try {
      await database.ensureDatabase('shop');
      const bar = progress(kills);
      const figures = await auditChaos({
        own: database.connection('sayso'),
        shop: database.connection('shop'),
        kills,
        wait,
        signal,
        onKill: bar.show,
      }).finally(bar.stop);
      const lied = figures.missing > 0;
      const passed = figures.unsound === 0 && figures.answers > 0 && lied !== wait;
      process.stdout.write(
        values.json
          ? `${JSON.stringify({ wait, ...figures, passed }, null, 2)}\n`
          : `${tableOf(figures)}\n`,
      );
      if (!passed) say(lied ? 'failed: answers without an entry' : 'failed');
      return passed;
    } finally {
      await database.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
