import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { claimDataFolder, tryClaim } from '../../src/database/data-lock.ts';
import type { DataLock } from '../../src/database/data-lock.ts';
import type { Owner } from '../../src/database/owner-file.ts';
import { processSpace } from '../../src/database/process-identity.ts';
import { run, temporaryFolder } from './child.ts';

const quiet = (): void => undefined;

const written = (dataDir: string, owner: Partial<Owner>): string => {
  mkdirSync(join(dataDir, 'owner'), { recursive: true });
  const path = join(dataDir, 'owner', '1.json');
  const whole = { pid: 1, role: 'gateway', space: processSpace, started: 'never', ...owner };
  writeFileSync(path, JSON.stringify(whole));
  return path;
};

const taken = (dataDir: string, role: 'gateway' | 'command' = 'gateway'): DataLock => {
  const lock = tryClaim(dataDir, role);
  if (!('release' in lock)) throw new Error(`owned by ${lock.pid}`);
  return lock;
};

const contend = async (
  count: number,
  turns: number,
  folders: readonly string[],
): Promise<readonly number[][]> => {
  const contenders = [...Array(count).keys()].map(() =>
    run('contender', [String(turns), ...folders]),
  );
  for (const each of contenders) await each.hears('ready');
  for (const each of contenders) each.process.stdin?.write('go');
  return Promise.all(
    contenders.map(async (each) => JSON.parse((await each.hears('[')) ?? 'null') as number[]),
  );
};

describe('a data folder has one owner', () => {
  it('of ten that try at once, with a dead owner before them', async () => {
    const parent = temporaryFolder();
    const folders = [...Array(80).keys()].map((n) => join(parent, String(n)));
    for (const folder of folders) written(folder, {});
    const wins = await contend(10, 0, folders);
    expect(wins.flat().toSorted((a, b) => a - b)).toEqual([...folders.keys()]);
    // Otherwise they did not meet, and this shows nothing.
    expect(wins.filter((won) => won.length > 0).length).toBeGreaterThan(1);
    for (const folder of folders) {
      expect(readdirSync(join(folder, 'owner'))).toEqual(['2.json']);
    }
  });

  it('at any time, while four take turns as fast as they can', async () => {
    expect((await contend(4, 40, [temporaryFolder()])).flat()).toEqual([0, 0, 0, 0]);
  });

  it('refuses a second gateway by name, with the mend', async () => {
    const dataDir = temporaryFolder();
    const lock = taken(dataDir);
    const refused = await claimDataFolder(dataDir, 'gateway', quiet).catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(ConfigError);
    expect(refused).toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' });
    expect(String(refused)).toContain(dataDir);
    expect(String(refused)).toContain(`pid ${process.pid}`);
    expect(String(refused)).toContain('SAYSO_DATA');
    lock.release();
    taken(dataDir).release();
  });

  it('sends a command to the gateway that has a database, and only to that', async () => {
    const dataDir = temporaryFolder();
    const lock = taken(dataDir);
    await expect(claimDataFolder(dataDir, 'command', quiet, 150)).rejects.toThrow('in use');
    lock.publish({ socketDir: '/somewhere' });
    const claim = await claimDataFolder(dataDir, 'command', quiet);
    expect(claim).toMatchObject({ beside: { database: { socketDir: '/somewhere' } } });
    lock.release();
  });

  it.each(['gateway', 'command'] as const)('lets a %s wait for a command', async (role) => {
    const dataDir = temporaryFolder();
    const lock = taken(dataDir, 'command');
    lock.publish({ socketDir: '/somewhere' });
    await expect(claimDataFolder(dataDir, role, quiet, 150)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_IN_USE',
    });
    const waiting = claimDataFolder(dataDir, role, quiet);
    setTimeout(() => lock.release(), 150);
    const claim = await waiting;
    expect(claim).toHaveProperty('lock');
    if ('lock' in claim) claim.lock.release();
  });

  it('takes over from a process whose number was given to another', () => {
    const dataDir = temporaryFolder();
    written(dataDir, { pid: process.ppid, started: '1' });
    taken(dataDir).release();
  });

  it('takes over from an owner out of sight only when it fell silent', () => {
    const dataDir = temporaryFolder();
    const path = written(dataDir, { space: 'another container', pid: 7 });
    expect(tryClaim(dataDir, 'gateway')).toMatchObject({ pid: 7 });
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(path, longAgo, longAgo);
    taken(dataDir).release();
  });

  it('takes over from a file that a power failure left empty', () => {
    const dataDir = temporaryFolder();
    writeFileSync(written(dataDir, {}), '');
    taken(dataDir).release();
    const file = readFileSync(join(dataDir, 'owner', '2.json'), 'utf8');
    expect(JSON.parse(file)).toMatchObject({ pid: process.pid, released: true });
  });
});
