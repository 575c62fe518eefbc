import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-register-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [program, 'register', ...args],
      { cwd: folder, env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

it('prints the privacy page of the sample shop, which is nobody’s', async () => {
  const { code, stdout, stderr } = await run([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^# What we use your data for\n/);
  expect(stdout).toContain('Sample Shop (made up)');
  expect(stdout).toContain('## Suggest products that suit you');
});

it('prints the record and the JSON-LD', async () => {
  expect((await run(['--format', 'record'])).stdout).toMatch(/^# Record of processing activities/);
  const { stdout } = await run(['--format', 'dpv']);
  expect(JSON.parse(stdout)).toHaveProperty(['@context', 'dpv'], 'https://w3id.org/dpv#');
});

it('writes to a file, and prints nothing then', async () => {
  const { code, stdout } = await run(['--format', 'record', '--out', 'record.md']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(readFileSync(join(folder, 'record.md'), 'utf8')).toMatch(/^# Record/);
});

it('says that nobody is responsible where the configuration does not', async () => {
  writeFileSync(
    join(folder, 'own.yaml'),
    'demo: true\nsources: { shop: { database: shop }, crm: { database: crm } }\n',
  );
  const { stdout } = await run(['--format', 'record'], { SAYSO_CONFIG: 'own.yaml' });
  expect(stdout).toContain('| Controller | not stated |');
});

it.each([
  [['--format', 'pdf'], 2],
  [['more'], 2],
  [['--wrong'], 2],
  [['--out'], 2],
  [['--out', 'not/there/at/all.md'], 1],
])('%j ends with %d', async (args, code) => {
  const ended = await run(args);
  expect(ended.code).toBe(code);
  expect(ended.stdout).toBe('');
});
