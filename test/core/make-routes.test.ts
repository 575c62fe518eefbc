import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeRoutes } from '../../src/core/make-routes.ts';

const script = fileURLToPath(new URL('child/make-routes.ts', import.meta.url));

describe('building a server where no text may become code', () => {
  it('lets the router compile, nobody else, and nothing once it is built', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disallow-code-generation-from-strings',
      '--import',
      import.meta.resolve('#typescript'),
      script,
    ]);
    const params = { one: 'a', two: 'b', three: 'c', four: 'd', five: 'e' };
    expect(JSON.parse(stdout)).toEqual({
      within: [false, false, false, false],
      answers: [params, params, 'no server'],
      late: 'EvalError',
      after: [false, false, false],
    });
  });

  it('changes nothing where it may', async () => {
    const before = globalThis.Function;
    const within = await makeRoutes(() => Promise.resolve(globalThis.Function));
    expect(within).toBe(before);
  });
});
