import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import { isExecutableDefinitionNode, parse, printSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { ConfigError, NoticeError } from '../../src/core/errors.ts';
import { openDatabase } from '../../src/database/open-database.ts';
import { readNotice } from '../../src/notices/read-notice-file.ts';
import { fits, linesFit } from './answers.ts';
import { asPrinted, problemsOf } from './complete-sdl.ts';
import { pages, readBlocks, root, type Block } from './read-blocks.ts';
import { runShell, type Shell } from './run-shell.ts';

/** A block, and the block behind it that shows what it gives. */
interface Example {
  readonly block: Block;
  readonly answer?: Block;
}

type Rule = (example: Example) => Promise<void> | void;

const isOperation = (text: string): boolean => {
  try {
    return parse(text).definitions.some(isExecutableDefinitionNode);
  } catch {
    return false;
  }
};

const kindOf = ({ language, options, text }: Block): string => {
  if (language === 'graphql') return isOperation(text) ? 'operation' : 'sdl';
  if (language === 'json' && options.has('codegen')) return 'codegen';
  if (language === 'yaml' && options.has('notice')) return 'notice';
  if (language === 'json' && options.has('file')) return 'saved';
  return language;
};

/** Blocks that may have an answer behind them, and in which languages. */
const answered: Readonly<Record<string, readonly string[]>> = {
  operation: ['json'],
  sh: ['json', 'text'],
  sdl: ['text'],
  yaml: ['text'],
  notice: ['text'],
};

const examplesOf = (blocks: readonly Block[]): readonly Example[] => {
  const examples: Example[] = [];
  for (const block of blocks) {
    const before = examples.at(-1);
    const takes = before && !before.answer ? (answered[kindOf(before.block)] ?? []) : [];
    const stands = ['codegen', 'saved'].includes(kindOf(block));
    if (before && !stands && takes.includes(block.language))
      examples.splice(-1, 1, { ...before, answer: block });
    else examples.push({ block });
  }
  return examples;
};

let app: App;
let folder: string;
let dataDir: string;
const closers: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-docs-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  dataDir = join(folder, 'data');
  // What `npm start` is to a newcomer, but for the port.
  app = await startApp(parseConfig({ SAYSO_DATA: dataDir, PORT: '0', SAYSO_LOG: 'silent' }, root));
  closers.push(() => app.close());
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const shellOf = (page: string): Shell => {
  const own = join(folder, page.replaceAll('/', '-'));
  mkdirSync(own, { recursive: true });
  return { folder: own, env: { SAYSO_DATA: dataDir }, url: app.url };
};

const operation: Rule = async ({ block: { text, options }, answer }) => {
  const named = /@for\(purpose: (\w+)\)/.exec(text)?.[1] ?? options.get('purpose');
  const subject = options.get('subject');
  const role = options.get('role');
  const token = await app.issuer?.mint({
    client: options.get('client') ?? 'shop-front',
    scope: options.get('scope') ?? (named === undefined ? 'none' : `purpose:${named}`),
    ...(subject !== undefined && { subject }),
    ...(role !== undefined && { roles: [role] }),
  });
  const purpose = options.get('purpose');
  const { statusCode, body } = await app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: {
      authorization: `Bearer ${token ?? ''}`,
      ...(purpose !== undefined && { 'sayso-purpose': purpose }),
    },
    payload: { query: text },
  });
  const came: unknown = JSON.parse(body);
  const shown: unknown = answer ? JSON.parse(answer.text) : { data: '…', extensions: '…' };
  expect(statusCode).toBe(Number(answer?.options.get('status') ?? 200));
  // Printed by the runner where they differ; the rules of comparing are in answers.ts.
  if (!fits(shown, came)) expect(came).toEqual(shown);
};

const sdl: Rule = async ({ block: { text, options }, answer }) => {
  const problems = await problemsOf(text, options.get('file') ?? 'domain.graphql');
  expect(problems).toBe(options.has('wrong') ? (answer?.text ?? 'a block of text behind it') : '');
};

/** Folders and files that a configuration may name are there, and so are the variables. */
const yaml: Rule = ({ block: { page, text, options }, answer }) => {
  const own = join(shellOf(page).folder, 'config');
  mkdirSync(join(own, 'schema'), { recursive: true });
  for (const name of ['rules.ts', 'resolvers.ts', 'keys.json']) writeFileSync(join(own, name), '');
  writeFileSync(join(own, 'sayso.yaml'), text);
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const env = Object.fromEntries(
    names.map((name) => [name, /URL$/.test(name) ? 'postgres://me:secret@db/shop' : 'secret']),
  );
  let printed = '';
  try {
    parseConfig({ ...env, SAYSO_CONFIG: 'sayso.yaml' }, own);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printed = asPrinted(error);
  }
  expect(printed).toBe(options.has('wrong') ? (answer?.text ?? 'a block of text behind it') : '');
};

/** A notice for the sample shop; with `file=` later commands of the page read it. */
const notice: Rule = ({ block: { page, text, options }, answer }) => {
  const file = options.get('file');
  if (file !== undefined) writeFileSync(join(shellOf(page).folder, file), text);
  const read = readNotice(text, file ?? 'notice.yaml', app.policy);
  const printed = read.ok ? '' : asPrinted(new NoticeError(read.problems));
  expect(printed).toBe(options.has('wrong') ? (answer?.text ?? 'a block of text behind it') : '');
};

const sh: Rule = async ({ block: { page, text, options }, answer }) => {
  const { code, stdout, stderr } = await runShell(text, shellOf(page));
  expect(options.has('fails') ? code !== 0 : code === 0, `${stdout}${stderr}`).toBe(true);
  if (!answer) return;
  // A command that did only a part of its work says on standard output what it did.
  const came = options.has('fails') && stdout === '' ? stderr : stdout;
  const matches =
    answer.language === 'json'
      ? fits(JSON.parse(answer.text), JSON.parse(came))
      : linesFit(answer.text, came);
  if (!matches) expect(came).toBe(answer.text);
};

/** A file that later commands of the page read. */
const saved: Rule = ({ block: { page, text, options } }) => {
  const name = options.get('file');
  expect(name, 'file=NAME behind the language').toBeDefined();
  writeFileSync(join(shellOf(page).folder, name ?? ''), text);
};

/** Code is quoted from a file that has tests of its own. */
const quoted: Rule = ({ block: { text, options } }) => {
  const file = readFileSync(join(root, options.get('from') ?? ''), 'utf8');
  expect(file).toContain(text.trimEnd());
};

interface CodegenConfig {
  readonly schema: string;
  readonly generates: Readonly<
    Record<string, { readonly plugins: readonly string[]; readonly config: object }>
  >;
}

const clientTypes: Rule = async ({ block: { text } }) => {
  const { generates } = JSON.parse(text) as CodegenConfig;
  for (const [filename, { plugins, config }] of Object.entries(generates)) {
    const types = await codegen({
      documents: [],
      config: {},
      filename,
      schema: parse(printSchema(app.policy.schema)),
      plugins: plugins.map((name) => ({ [name]: config })),
      pluginMap: { typescript },
    });
    expect(types).toMatch(/export type Purpose =[^;]*'RECOMMENDATIONS'/);
  }
};

/** What an auditor asks Sayso's own database. */
const sql: Rule = async ({ block: { text } }) => {
  const database = await openDatabase({
    config: { dataDir },
    role: 'command',
    log: () => undefined,
  });
  try {
    const { rows } = await database.knex.raw<{ rows: unknown[] }>(
      text.replace('sha256:…', app.policy.id),
    );
    expect(rows.length).toBeGreaterThan(0);
  } finally {
    await database.close();
  }
};

/** Folders that a drawing names are there. */
const mermaid: Rule = ({ block: { text } }) => {
  const folders = [...text.matchAll(/src\/[a-z-]+/g)].map(([name]) => name);
  expect(folders.length).toBeGreaterThan(0);
  for (const name of folders) expect(() => readFileSync(join(root, name))).toThrow('EISDIR');
};

const rules: Readonly<Record<string, Rule | undefined>> = {
  operation,
  sdl,
  yaml,
  notice,
  sh,
  codegen: clientTypes,
  saved,
  jsonl: saved,
  ts: quoted,
  sql,
  mermaid,
};

/** A program that an example uses besides Node.js and that this machine lacks. */
const missingTool = (text: string): string | undefined =>
  ['bash', ...(text.includes('curl') ? ['curl'] : [])].find(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );

describe.each(pages)('%s', (page) => {
  const examples = examplesOf(readBlocks(page));
  it.for(
    examples.map((example) => ({
      name: `line ${example.block.line}: ${kindOf(example.block)}`,
      example,
    })),
  )('$name', async ({ example }, { skip }) => {
    const { block } = example;
    const shell = kindOf(block) === 'sh';
    skip(shell && missingTool(block.text) !== undefined, 'a program of this example is not here');
    if (block.notRun !== undefined) {
      expect(block.notRun.length, 'a reason').toBeGreaterThan(10);
      return;
    }
    const rule = rules[kindOf(block)];
    if (!rule) throw new Error(`${page}:${block.line}: no rule covers this block`);
    await rule(example);
  });
});

it('fails a command that does not exist', async () => {
  for (const command of ['npm run nothing', 'npm nothing', 'npx other', 'npx sayso nothing'])
    expect((await runShell(`${command}\n`, shellOf('none'))).code, command).toBeGreaterThan(0);
});

it('leaves out hardly any block', () => {
  const left = pages.flatMap(readBlocks).filter(({ notRun }) => notRun !== undefined);
  expect(left.length).toBeLessThanOrEqual(2);
});
