import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Collections of the whole heap while much is kept for a while, by a V8 that was told to grow it by 10%. */
const collections = async (how: 'as it is' | 'freely'): Promise<number> => {
  const { stdout, stderr } = await run(process.execPath, [
    '--heap-growing-percent=10',
    '--import',
    file('../../bin/typescript.js'),
    file('fixtures/keep-much.ts'),
    how,
  ]);
  // Where V8 no longer knows the flag it says so here, and goes on.
  expect(stderr).not.toContain('flag');
  return Number(stdout);
};

describe('a process that serves', () => {
  it('lets the heap grow, once it has said so', async () => {
    const [asItIs, freely] = [await collections('as it is'), await collections('freely')];
    expect(freely).toBeGreaterThan(0);
    expect(asItIs).toBeGreaterThan(2 * freely);
  });
});
