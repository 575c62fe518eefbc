import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeSubjectKey, readSubjectKey } from '../../src/database/subject-key-file.ts';
import { isRoot, temporaryFolder } from './child.ts';

const place = (): string => join(temporaryFolder(), 'data');
const pathIn = (dataDir: string): string => join(dataDir, 'subject.key');

describe('the file of the subject key', () => {
  it('is made once, readable by its owner only, and holds the key as Base64', () => {
    const dataDir = place();
    expect(readSubjectKey(dataDir)).toBeUndefined();
    const key = makeSubjectKey(dataDir);
    expect(key).toHaveLength(32);
    expect(readFileSync(pathIn(dataDir), 'utf8')).toBe(`${Buffer.from(key).toString('base64')}\n`);
    expect(statSync(pathIn(dataDir)).mode & 0o777).toBe(0o600);
    expect(readSubjectKey(dataDir)).toEqual(Buffer.from(key));
  });

  it('is never replaced, and no draft of it stays', () => {
    const dataDir = place();
    const first = makeSubjectKey(dataDir);
    expect(makeSubjectKey(dataDir)).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['subject.key']);
  });

  it('is one for all processes that start at once', async () => {
    const dataDir = place();
    const module = fileURLToPath(
      new URL('../../src/database/subject-key-file.ts', import.meta.url),
    );
    const script = `const { makeSubjectKey } = await import(${JSON.stringify(module)});
      console.log(Buffer.from(makeSubjectKey(${JSON.stringify(dataDir)})).toString('hex'));`;
    const runs = await Promise.all(
      Array.from({ length: 4 }, () =>
        promisify(execFile)(process.execPath, [
          '--import',
          import.meta.resolve('#typescript'),
          '--input-type=module',
          '--eval',
          script,
        ]),
      ),
    );
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
  });

  it.each(['', 'x', 'A'.repeat(42), 'A'.repeat(64), '{"key":1}'])(
    'is refused when it holds %j, and left as it is',
    (text) => {
      const dataDir = place();
      mkdirSync(dataDir);
      writeFileSync(pathIn(dataDir), text);
      for (const use of [readSubjectKey, makeSubjectKey])
        expect(() => use(dataDir)).toThrow('is not the key that Sayso left');
      expect(readFileSync(pathIn(dataDir), 'utf8')).toBe(text);
    },
  );

  it.skipIf(isRoot)('that may not be read or made stops the start', () => {
    const dataDir = place();
    makeSubjectKey(dataDir);
    chmodSync(pathIn(dataDir), 0);
    expect(() => readSubjectKey(dataDir)).toThrow('EACCES');
    const closed = place();
    mkdirSync(closed, { mode: 0o500 });
    expect(() => makeSubjectKey(closed)).toThrow('cannot be made (EACCES)');
  });
});
