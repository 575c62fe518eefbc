import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTiles } from '../../src/audit/write-tiles.ts';
import { stageLog, type LogStage } from './log-stage.ts';

const run = promisify(execFile);
const fixture = fileURLToPath(new URL('./fixtures/verify-once.ts', import.meta.url));
const stages: LogStage[] = [];
beforeAll(async () => {
  for (const entries of [10_000, 100_000]) stages.push(await stageLog(entries));
}, 240_000);
afterAll(async () => {
  for (const stage of stages) await stage.close();
});

interface Figures {
  readonly sound: boolean;
  readonly entries: number;
  readonly seconds: number;
  readonly megabytes: number;
}

const verifyOnce = async (kind: 'database' | 'folder', stage: LogStage): Promise<Figures> => {
  const where =
    kind === 'database'
      ? JSON.stringify(stage.database.connection)
      : (await writeTiles({ knex: stage.knex, log: await stage.state(), out: stage.folder }))
          .folder;
  const { stdout } = await run(process.execPath, [
    // More could not be had.
    ...['--max-old-space-size=64', '--import', import.meta.resolve('#typescript'), fixture],
    ...[kind, where, stage.key, stage.log.origin],
  ]);
  return JSON.parse(stdout) as Figures;
};

it.each(['database', 'folder'] as const)(
  'verifies 100,000 entries of a %s in hardly more memory than 10,000',
  async (kind) => {
    const [small, large] = stages;
    if (!small || !large) throw new Error('no logs');
    const few = await verifyOnce(kind, small);
    const many = await verifyOnce(kind, large);
    for (const { entries, seconds, megabytes } of [few, many])
      process.stderr.write(
        `${kind}: ${entries} entries in ${seconds.toFixed(1)} s (${Math.round(entries / seconds)}/s), ${Math.round(megabytes)} MB\n`,
      );
    expect([few.sound, many.sound, many.entries]).toEqual([true, true, 100_000]);
    expect(many.megabytes).toBeLessThan(few.megabytes + 100);
  },
  240_000,
);
