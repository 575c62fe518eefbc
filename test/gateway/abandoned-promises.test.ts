import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('child/abandoned-promises.ts', import.meta.url));

/** What a process says in which promises are left behind; the error that ended it otherwise. */
const end = async (what: string, heard: string): Promise<string> => {
  const args = ['--import', import.meta.resolve('#typescript'), script, what, heard];
  try {
    return (await promisify(execFile)(process.execPath, args)).stdout;
  } catch (error) {
    const [line] = /Error: .*/.exec((error as { stderr: string }).stderr) ?? [];
    return line ?? 'ended';
  }
};

it.each([
  ['graphql', 'heard', 'goes on'],
  // So that the first proves something.
  ['graphql', 'unheard', 'GraphQLError: late'],
  ['other', 'heard', 'Error: of somebody else'],
])('what %s leaves behind, %s: %s', async (what, heard, said) => {
  expect(await end(what, heard)).toContain(said.replace('GraphQLError', 'Error'));
});
