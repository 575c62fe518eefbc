import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = new URL('../../', import.meta.url);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sayso-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the check on the product's lock file with these packages beside its own. */
const check = async (more: Readonly<Record<string, object>>, without?: string) => {
  const lock = JSON.parse(await readFile(new URL('package-lock.json', root), 'utf8')) as {
    packages: Record<string, object>;
  };
  const packages = Object.fromEntries(
    Object.entries({ ...lock.packages, ...more }).filter(([place]) => place !== without),
  );
  const path = join(folder, 'package-lock.json');
  await writeFile(path, JSON.stringify({ ...lock, packages }));
  return run(process.execPath, ['--import', './bin/typescript.js', '.ci/check-lock.ts', path], {
    cwd: root,
  }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: unknown) => {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, stderr };
    },
  );
};

describe('the check of the lock file', () => {
  it('passes the one that is there', async () => {
    expect(await check({})).toEqual({ code: 0, stderr: '' });
  });

  it('fails when graphql-jit is in it, also under another name or below another package', async () => {
    for (const [place, entry] of [
      ['node_modules/graphql-jit', {}],
      ['node_modules/mercurius/node_modules/graphql-jit', {}],
      ['node_modules/harmless', { name: 'graphql-jit' }],
    ] as const) {
      const { code, stderr } = await check({ [place]: entry });
      expect(code).toBe(1);
      expect(stderr).toContain(`graphql-jit is in the lock file (${place})`);
    }
  });

  it('fails when there is a second copy of graphql, and when there is none', async () => {
    const second = await check({ 'node_modules/somebody/node_modules/graphql': {} });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('graphql is in the lock file 2 times');
    expect((await check({}, 'node_modules/graphql')).code).toBe(1);
  });

  it('lets packages be whose names only look alike', async () => {
    expect((await check({ 'node_modules/graphql-jitter': {}, 'node_modules/@x/graphql': {} })).code).toBe(0); // prettier-ignore
  });
});
