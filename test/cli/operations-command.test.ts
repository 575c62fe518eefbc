import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { documentSha256 } from '../../src/operations/document-sha256.ts';
import { freshDatabase, type FreshDatabase } from '../setup/database.ts';
import { urlOf } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL], gain: "You know first")
    ADS @purpose(covers: [EMAIL], gain: "Less noise")
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    name: String!
  }
`;
const program = fileURLToPath(new URL('../../bin/sayso.js', import.meta.url));
let folder: string;
let own: FreshDatabase;
let work: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-operations-'));
  mkdirSync(join(folder, 'schema'));
  writeFileSync(join(folder, 'schema', 'shop.graphql'), schema);
  own = await freshDatabase();
  const config = {
    demo: true,
    introspection: false,
    schema: join(folder, 'schema'),
    // Nobody connects to it.
    sources: { shop: { postgres: 'postgres://nobody@127.0.0.1:1/none' } },
    limits: { tokens: 200, depth: 4, aliases: 2 },
  };
  writeFileSync(join(folder, 'sayso.json'), JSON.stringify(config));
});
afterAll(async () => {
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  work = mkdtempSync(join(folder, 'work-'));
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = () => ({
  SAYSO_CONFIG: join(folder, 'sayso.json'),
  SAYSO_DATA: join(folder, 'data'),
  DATABASE_URL: urlOf(own.connection),
});

/** As a shell would. */
const runProgram = (...args: readonly string[]) => runWith(environment(), args);

const runWith = (variables: Readonly<Record<string, string>>, args: readonly string[]) =>
  new Promise<Ran>((resolve) => {
    const env = { PATH: process.env['PATH'], ...variables };
    execFile(
      process.execPath,
      [program, 'operations', ...args],
      { cwd: work, env },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

const isPath = (arg: string): boolean => /^[\w-]+(\.(graphql|json))?$/.test(arg);

/** The same in this process, which is quicker; paths are given whole. */
const run = async (command: string, ...args: readonly string[]): Promise<Ran> => {
  const out: string[] = [];
  const err: string[] = [];
  const into = (lines: string[]) => (text: unknown) => lines.push(`${String(text)}\n`) > 0;
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(into(out)),
    vi.spyOn(console, 'error').mockImplementation(into(err)),
    vi.spyOn(process.stderr, 'write').mockImplementation(into(err)),
  ];
  for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
  const before = process.exitCode;
  process.exitCode = 0;
  // Up to the first option, and after it none.
  const options = args.findIndex((arg) => arg.startsWith('--'));
  const whole = args.map((arg, i) =>
    command === 'push' && i < options && isPath(arg) ? join(work, arg) : arg,
  );
  try {
    await main([process.execPath, program, 'operations', command, ...whole]);
    return { code: process.exitCode, stdout: out.join(''), stderr: err.join('') };
  } finally {
    process.exitCode = before;
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
};

const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(work, name)), { recursive: true });
    writeFileSync(join(work, name), text);
  }
};
const rows = () =>
  own.knex('registered_operation').select('client', 'sha256', 'document', 'purpose', 'removed_by');

const news = 'query News @for(purpose: NEWS) {\n  customers { nodes { email } }\n}\n';
const tea = '{ products { nodes { name } } }';
const mails = 'query Mails { customers { nodes { email } } }';
const manifestOf = (...documents: readonly string[]): string =>
  JSON.stringify(Object.fromEntries(documents.map((one) => [documentSha256(one), one])), null, 2);

it('writes nothing in a dry run, on a database that Sayso never saw', async () => {
  write({ 'news.graphql': news });
  const { code, stdout } = await runProgram('push', 'news.graphql', '--client', 'dry', '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('1 would be registered for dry');
  expect(stdout).toMatch(/news\.graphql:1:1 +[0-9a-f]{64}/);
  expect(stdout).toContain(documentSha256(news));
  expect(await own.knex.schema.hasTable('registered_operation')).toBe(false);
});

it('pushes files, folders and manifests, the same again without effect', async () => {
  write({
    'ops/a/news.graphql': news,
    'ops/tea.gql': tea,
    'ops/node_modules/x.graphql': 'query {',
    'ops/.git/x.graphql': 'query {',
    'ops/notes.txt': '',
    'm.json': manifestOf(tea, mails),
    'apollo.json': JSON.stringify({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: documentSha256(`${tea}#`), name: null, type: 'query', body: `${tea}#` }],
    }),
  });
  const first = await run('push', 'ops', '--client', 'shop');
  expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
  expect(first.stdout).toContain('2 are registered for shop');
  const args = ['m.json', 'apollo.json', '--client', 'shop', '--json'];
  const refused = await run('push', ...args);
  // `mails` says no purpose.
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout).problems).toHaveLength(1);
  expect(await rows()).toHaveLength(2);
  const clash = await run('push', ...args, '--purpose', 'ADS');
  expect(JSON.parse(clash.stdout).problems).toEqual([
    expect.objectContaining({ what: 'is registered for no purpose, not for `ADS`' }),
  ]);
  expect(await rows()).toHaveLength(2);
  write({ 'm.json': manifestOf(mails) });
  const second = JSON.parse(
    (await run('push', ...args.slice(0, 1), ...args.slice(2), '--purpose', 'ADS')).stdout,
  );
  expect(second).toEqual({
    client: 'shop',
    dryRun: false,
    operations: [
      {
        sha256: documentSha256(mails),
        operation: 'Mails',
        purpose: 'ADS',
        new: true,
        from: `${join(work, 'm.json')}:2`,
      },
    ],
  });
  const again = await run('push', 'm.json', '--client', 'shop', '--purpose', 'ADS');
  expect(again.stdout).toContain('0 are registered for shop, 1 already is');
  expect((await rows()).filter(({ client }) => client === 'shop')).toHaveLength(3);
  const apollo = await run('push', 'apollo.json', '--client', 'shop');
  expect(apollo.code).toBe(0);
});

it('lists every problem of every document with its place and mend, and writes none of the rest', async () => {
  const before = await rows();
  write({
    'ops/good.graphql': `${tea} # good`,
    'ops/1-syntax.graphql': 'query {\n  products {',
    'ops/2-two.graphql': 'query A { __typename }\nquery B { __typename }',
    'ops/3-none.graphql': 'fragment F on Product { name }',
    'ops/4-field.graphql': '{ products { nodes { name price } } }',
    'ops/5-deep.graphql': '{ customers { nodes { customers { nodes { email } } } } }',
    'ops/6-long.graphql': `{ products { nodes { ${'name '.repeat(300)} } } }`,
    'ops/7-alias.graphql': '{ a: __typename b: __typename c: __typename }',
    'ops/8-schema.graphql': '{ __schema { queryType { name } } }',
    'ops/9-personal.graphql':
      'query Q($y: Boolean!) { customers @include(if: $y) { nodes { id } } }',
    'ops/a-variable.graphql': `query ($p: Purpose!) @for(purpose: $p) ${tea}`,
    'ops/b-purpose.graphql': `query @for(purpose: NOTHING) ${tea}`,
    'ops/c-subscription.graphql': 'subscription { products }',
    'ops/d-fragment.graphql': '{ products { nodes { ...Away } } }',
    'm.json': `{\n"${'0'.repeat(64)}": "${tea}",\n"__proto__": "{ products { nodes { id } } }",\n"constructor": 7 }`,
    'list.json': '[]',
    'empty.json': '{}',
    'no.json': '{',
  });
  writeFileSync(join(work, 'latin.graphql'), Buffer.from([0x7b, 0xe4, 0x7d]));
  mkdirSync(join(work, 'nothing'));
  const paths = ['ops', 'm.json', 'list.json', 'empty.json', 'no.json', 'latin.graphql', 'nothing'];
  const { code, stdout, stderr } = await run(
    'push',
    ...paths,
    'gone.graphql',
    '--client',
    'shop',
    '--json',
  );
  expect(code).toBe(1);
  expect(stderr).toContain('OPERATIONS_INVALID');
  const problems: { where: string; what: string; mend: string }[] = JSON.parse(stdout).problems;
  const told = (where: string) =>
    problems.filter((one) => one.where.startsWith(join(work, where))).map(({ what }) => what);
  expect(problems.every(({ mend }) => mend.length > 5)).toBe(true);
  expect(told('ops/good')).toEqual([]);
  expect(told('ops/1-syntax.graphql:2:13')).toEqual(['Syntax Error: Expected Name, found <EOF>.']);
  expect(told('ops/2-two.graphql:2:1')).toEqual(['has 2 operations']);
  expect(told('ops/3-none')).toEqual(['has no operation']);
  expect(told('ops/4-field.graphql:1:27')).toHaveLength(1);
  expect(told('ops/5-deep').join()).toMatch(/depth/i);
  expect(told('ops/6-long').join()).toMatch(/token/i);
  expect(told('ops/7-alias').join()).toMatch(/alias/i);
  expect(told('ops/8-schema').join()).toMatch(/introspection/i);
  expect(told('ops/9-personal')).toEqual(['touches personal data and names no purpose']);
  expect(told('ops/a-variable').join()).toContain('from a variable');
  expect(told('ops/b-purpose').join()).toContain('NOTHING');
  expect(told('ops/c-subscription').join()).toContain('subscription');
  expect(told('ops/d-fragment').join()).toContain('Away');
  expect(told('m.json:2')).toEqual(['its key is not the SHA-256 of the document']);
  expect(told('m.json:3')).toEqual(['its key is not the SHA-256 of the document']);
  expect(told('m.json')).toContain('entry 3 is no hash with a document');
  expect(told('list.json')).toEqual(['is no manifest of documents']);
  expect(told('empty.json')).toEqual(['has no document']);
  expect(told('no.json')).toEqual(['is no manifest of documents']);
  expect(told('latin.graphql')).toEqual(['is no text in UTF-8']);
  expect(told('nothing')).toEqual(['has no `.graphql` or `.gql` file']);
  expect(told('gone.graphql')).toEqual(['cannot be read']);
  expect(await rows()).toEqual(before);
});

it('takes a purpose from `@for` or `--purpose`, not two', async () => {
  write({
    'news.graphql': `${news}# 2`,
    'var.graphql': `query ($p: Purpose!) @for(purpose: $p) ${tea}`,
  });
  const other = await run('push', 'news.graphql', '--client', 'p', '--purpose', 'ADS');
  expect(other.code).toBe(1);
  expect(other.stderr).toContain(
    'news.graphql:1:12\n    is for `NEWS`, and `--purpose` says `ADS`',
  );
  const misspelt = await run('push', 'news.graphql', '--client', 'p', '--purpose', 'NEWZ');
  expect(misspelt.stderr).toContain('did you mean `NEWS`?');
  const proto = await run('push', 'news.graphql', '--client', 'p', '--purpose', '__proto__');
  expect(proto.code).toBe(1);
  const same = await run(
    'push',
    'news.graphql',
    'var.graphql',
    '--client',
    'p',
    '--purpose',
    'NEWS',
  );
  expect(same.stdout).toContain('2 are registered for p');
});

it('writes nothing when it fails half-way', async () => {
  const before = await rows();
  await own.knex.raw(`
    create function stop_here() returns trigger language plpgsql as $$
    begin
      if new.document like '%STOP%' then raise exception 'the disk is full'; end if;
      return new;
    end $$;
    create trigger stop_here before insert on registered_operation for each row execute function stop_here();`);
  write({ 'a.graphql': `${tea} # a`, 'b.graphql': `${tea} # STOP`, 'c.graphql': `${tea} # c` });
  const { code } = await run('push', 'a.graphql', 'b.graphql', 'c.graphql', '--client', 'shop');
  expect(code).toBe(1);
  expect(await rows()).toEqual(before);
  await own.knex.raw('drop trigger stop_here on registered_operation; drop function stop_here');
});

it('lists and removes, and keeps who did', async () => {
  write({ 'tea.graphql': `${tea} # remove` });
  const sha256 = documentSha256(`${tea} # remove`);
  await run('push', 'tea.graphql', '--client', '__proto__', '--actor', 'ci');
  const listed = JSON.parse((await run('list', '--client', '__proto__', '--json')).stdout);
  expect(listed).toEqual([
    expect.objectContaining({
      client: '__proto__',
      sha256,
      registeredBy: 'ci',
      removedAt: null,
      document: `${tea} # remove`,
    }),
  ]);
  expect((await run('list')).stdout).toContain(sha256);
  const none = await run('remove', sha256, 'f'.repeat(64), '--client', '__proto__');
  expect({ code: none.code, said: none.stderr.includes('OPERATION_UNKNOWN') }).toEqual({
    code: 1,
    said: true,
  });
  expect((await run('remove', sha256, '--client', 'shop')).code).toBe(1);
  expect((await rows()).find(({ client }) => client === '__proto__')).toMatchObject({
    removed_by: null,
  });
  const gone = await run(
    'remove',
    `sha256:${sha256}`,
    sha256,
    '--client',
    '__proto__',
    '--actor',
    'me',
  );
  expect(gone.stdout).toBe('1 is removed for __proto__\n');
  expect((await run('list', '--client', '__proto__')).stdout).toContain(
    'no operation is registered',
  );
  const all = await run('list', '--client', '__proto__', '--removed');
  expect(all.stdout).toMatch(/Z by me +[0-9a-f]{64}/);
  await run('push', 'tea.graphql', '--client', '__proto__');
  expect((await rows()).filter(({ client }) => client === '__proto__')).toHaveLength(2);
});

it('refuses wrong usage with 2', async () => {
  const wrong: readonly (readonly [string, ...string[]])[] = [
    ['push', 'x.graphql'],
    ['push', '--client', 'a'],
    ['push', 'x.graphql', '--client', ''],
    ['push', 'x.graphql', '--client', 'a\u001b[2J'],
    ['remove', 'abc', '--client', 'a'],
    ['remove', '--client', 'a'],
  ];
  for (const args of wrong) expect((await run(...args)).code, args.join(' ')).toBe(2);
});

it('says where there was no database before, as in another folder than that of the gateway', async () => {
  const elsewhere = {
    SAYSO_CONFIG: join(folder, 'sayso.json'),
    SAYSO_DATA: join(folder, 'elsewhere'),
  };
  const first = await runWith(elsewhere, ['list', '--client', 'shop']);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stderr).toContain(`made a new database in ${elsewhere.SAYSO_DATA};`);
  const again = await runWith(elsewhere, ['list', '--client', 'shop']);
  expect(again).toMatchObject({ code: 0, stderr: '' });
}, 120_000);
