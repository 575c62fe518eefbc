import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * What a process says that loads a fixture; of flags that V8 does not know it tells, and goes on. Said into
 * a file: into a pipe V8 loses lines.
 */
const told = async (flags: readonly string[], fixture: string, how: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'sayso-told-'));
  const path = join(folder, 'told');
  const out = await open(path, 'w');
  try {
    const loads = ['--import', file('../../bin/typescript.js')];
    const child = spawn(process.execPath, [...flags, ...loads, file(`fixtures/${fixture}`), how], {
      stdio: ['ignore', out.fd, out.fd],
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    const said = await readFile(path, 'utf8');
    expect(said).not.toContain('flag');
    return said;
  } finally {
    await out.close();
    await rm(folder, { recursive: true });
  }
};

/** Collections of the whole heap while much is kept for a while, by a V8 that was told to grow it by 10%. */
const collections = async (how: 'as it is' | 'tuned'): Promise<number> =>
  Number(await told(['--heap-growing-percent=10'], 'keep-much.ts', how));

/** How many functions became part of one that calls twelve. */
const takenIn = async (how: 'as it is' | 'tuned'): Promise<number> => {
  const trace = await told(
    // One thread, so that nothing is left to chance.
    ['--trace-turbo-inlining', '--no-concurrent-recompilation', '--no-use-osr'],
    'call-much.ts',
    how,
  );
  return trace.match(/Inlining [^\n]* into [^\n]*callAll/g)?.length ?? 0;
};

describe('a process that serves', () => {
  it('lets the heap grow, once it has said so', async () => {
    const [asItIs, tuned] = [await collections('as it is'), await collections('tuned')];
    expect(tuned).toBeGreaterThan(0);
    expect(asItIs).toBeGreaterThan(2 * tuned);
  });

  it('has more taken in where many small functions are called', async () => {
    const [asItIs, tuned] = [await takenIn('as it is'), await takenIn('tuned')];
    expect(asItIs).toBeGreaterThan(0);
    expect(tuned).toBeGreaterThan(asItIs);
  });
});
