import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('child/without-code-generation.ts', import.meta.url));

describe('a process that may not make code of text', () => {
  it('executes, and no promise of a list that was given up rejects unheard', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disallow-code-generation-from-strings',
      '--import',
      import.meta.resolve('#typescript'),
      script,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      generates: false,
      unhandled: 0,
      errors: [4, 4, 1, 1, 2, 2],
    });
  });
});
