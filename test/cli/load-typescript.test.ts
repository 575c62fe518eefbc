import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const hook = new URL('../../bin/typescript.js', import.meta.url).href;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sayso %41 ü-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = async (files: Readonly<Record<string, string>>): Promise<ChildProcess> => {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const args = ['--import', hook, join(folder, 'main.ts')];
  return spawn(process.execPath, args, { cwd: tmpdir(), stdio: 'pipe' });
};

/** What it says, once it has ended. */
const ended = async (child: ChildProcess): Promise<{ code: number | null; said: string }> => {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
};

const run = async (files: Readonly<Record<string, string>>) => ended(await start(files));

/** The compiler of a process that loads TypeScript. */
const compilerOf = async ({ pid }: ChildProcess): Promise<number> => {
  for (;;) {
    const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' });
    for (const line of all.split('\n')) {
      const [own = '', parent = '', command = ''] = line.trim().split(/\s+/);
      if (Number(parent) === pid && command.includes('esbuild')) return Number(own);
    }
    await sleep(10);
  }
};

describe('TypeScript that is loaded as it stands', () => {
  it('may have what is more than types, from a folder of any name', async () => {
    const { code, said } = await run({
      'words.ts': `export enum Word { Yes = 'yes' }
        export class Pair { constructor(readonly a: number, readonly b = 2) {} }`,
      'main.ts': `import { Pair, Word } from './words.ts';
        console.log(Word.Yes, new Pair(1).b);`,
    });
    expect({ code, said }).toEqual({ code: 0, said: 'yes 2\n' });
  });

  it('may import a type without saying that it is one', async () => {
    const { code, said } = await run({
      'types.ts': 'export interface Row { readonly id: number }',
      'main.ts': `import { Row } from './types.ts';
        const row: Row = { id: 7 };
        console.log(row.id);`,
    });
    expect({ code, said }).toEqual({ code: 0, said: '7\n' });
  });

  it('says in which line of it something is wrong', async () => {
    const wrong = await run({ 'main.ts': '\nconst a: = 3;' });
    expect(wrong.code).toBe(1);
    expect(wrong.said).toContain(`${join(folder, 'main.ts')}:2:10: Unexpected "="`);
    const thrown = await run({
      'main.ts': `interface A {\n  b: 1;\n}\n\nthrow new Error('here');`,
    });
    expect(thrown.said).toContain(`${join(folder, 'main.ts')}:5:7`);
  });

  it('is loaded however long its compiler takes, as on a machine that was asleep', async () => {
    // It loads one source after another until it is told that it is enough, so that one is under way
    // whenever the compiler is stopped.
    const child = await start({
      'source.ts': 'export const one: number = 1;',
      'main.ts': `let enough = false as boolean;
        process.stdin.resume().once('end', () => (enough = true));
        for (let n = 0; !enough; n += 1) {
          await import('./source.ts?' + n);
          if (n === 0) console.log('begun');
          await new Promise((resolve): unknown => setTimeout(resolve, 20));
        }
        console.log('done');`,
    });
    const end = ended(child);
    await once(child.stdout ?? child, 'data');
    const compiler = await compilerOf(child);
    process.kill(compiler, 'SIGSTOP');
    await sleep(6_000);
    child.stdin?.end();
    process.kill(compiler, 'SIGCONT');
    expect(await end).toEqual({ code: 0, said: 'begun\ndone\n' });
  }, 30_000);

  it('leaves no compiler behind when all is loaded', async () => {
    const child = await start({ 'main.ts': 'setTimeout((): void => undefined, 60_000);' });
    const compiler = await compilerOf(child);
    const isThere = (): boolean => {
      try {
        return process.kill(compiler, 0);
      } catch {
        return false;
      }
    };
    for (let tries = 0; isThere() && tries < 100; tries += 1) await sleep(100);
    expect(isThere()).toBe(false);
    expect(child.exitCode).toBeNull();
    child.kill();
    await once(child, 'close');
  }, 30_000);
});
