import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideCommand } from '../../src/cli/decide-command.ts';
import { casesOf, readCaseForm, type ReadCase } from '../../src/cli/decide/case-file.ts';
import { DecideError } from '../../src/cli/decide/decide-error.ts';
import { readHistory } from '../../src/cli/decide/history.ts';
import type { CaseResult } from '../../src/cli/decide/run-cases.ts';
import { urlOf } from '../setup/gateway.ts';
import { startCaseGateway, type CaseGateway } from './case-gateway.ts';
import {
  cases,
  casesFile,
  differing,
  falsified,
  policy,
  schemaDir,
  type Outcome,
} from './cases.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../../bin/sayso.js');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sayso-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a database, unless `env` says where one is. */
const decide = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
  const own = { PATH: process.env['PATH'], SAYSO_DATA: join(folder, 'none') };
  const options = { env: { ...own, SAYSO_SCHEMA: schemaDir, ...env }, cwd: folder };
  try {
    const { stdout, stderr } = await run(process.execPath, [program, 'decide', ...args], options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Ran;
    return { code, stdout, stderr };
  }
};

/** What is said of a file that cannot be used. */
const refusalOf = async (use: () => Promise<unknown>): Promise<string> => {
  const error: unknown = await use().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DecideError);
  return (error as DecideError).message;
};

const caseNamed = (name: string): ReadCase => {
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`no case is named ${name}`);
  return found;
};

const resultsIn = (stdout: string): readonly CaseResult[] =>
  (JSON.parse(stdout) as { cases: readonly CaseResult[] }).cases;

describe('sayso decide --cases', () => {
  let ran: Ran;
  let outcomes: ReadonlyMap<string, Outcome>;
  beforeAll(async () => {
    ran = await decide(['--cases', casesFile, '--json']);
    outcomes = new Map(resultsIn(ran.stdout).map(({ name, actual }) => [name, actual]));
  });

  it('finds every case as expected', () => {
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    expect(outcomes.size).toBe(cases.length);
  });

  it.each(cases)('$name', (one) => {
    expect(differing([one], outcomes)).toEqual([]);
  });

  it.each(falsified(cases))('differs from every case that is falsified', (...falsifiedCases) => {
    expect(differing(falsifiedCases, outcomes)).toHaveLength(cases.length);
  });

  it('exits with 1 and says so of every case that is falsified', async () => {
    const file = join(folder, 'falsified.json');
    const { notices } = JSON.parse(readFileSync(casesFile, 'utf8')) as { notices: unknown };
    const list = falsified(cases).flatMap((all, kind) =>
      all.map(({ name, events, request, expect: expected }) => ({
        ...{ name: `${name} (${kind})`, events, request },
        expect: expected,
      })),
    );
    writeFileSync(file, JSON.stringify({ notices, groups: { all: list } }));
    const { code, stdout } = await decide(['--cases', file, '--json']);
    expect(code).toBe(1);
    expect(resultsIn(stdout)).toHaveLength(2 * cases.length);
    expect(resultsIn(stdout).filter(({ agrees }) => agrees)).toEqual([]);
  });

  it('prints each case with what is expected and what came of it', async () => {
    const file = join(folder, 'two.json');
    const event = { kind: 'given', purpose: 'NEWS', at: '2026-01-01T00:00:00Z' };
    const request = { purpose: 'NEWS', field: 'Customer.email', at: '2026-02-01T00:00:00Z' };
    const [right, wrong] = [
      { name: 'right', events: [event], request, expect: { release: true, reason: 'CONSENTED' } },
      { name: 'wrong', events: [], request, expect: { release: true, reason: 'CONSENTED' } },
    ];
    writeFileSync(file, JSON.stringify({ groups: { news: [right, wrong] } }));
    expect(await decide(['--cases', file])).toEqual({
      code: 1,
      stderr: '',
      stdout: `         case   expected           actual
ok       right  release CONSENTED  release CONSENTED
DIFFERS  wrong  release CONSENTED  withhold NEVER_ASKED

2 cases, 1 not as expected
`,
    });
  });

  it('tells every problem of a file with place, what and mend', async () => {
    const file = join(folder, 'bad.json');
    const request = { purpose: 'NEWZ', field: 'Customer.emial', at: '2026-02-01T00:00:00Z' };
    const event = { kind: 'given', purpose: 'NEWS', at: '2026-03-01T00:00:00Z' };
    const base = { events: [event], expect: { release: true, reason: 'CONSENTED' } };
    const right = { ...request, purpose: 'NEWS', field: 'Customer.email' };
    const list = [
      { name: 'one', ...base, request },
      { name: 'two', ...base, request: right },
      { name: 'two', ...base, request: right, events: [{ ...event, purpose: 'NOOS' }] },
    ];
    writeFileSync(file, JSON.stringify({ groups: { g: list } }));
    const stderr = await refusalOf(async () => casesOf(await readCaseForm(file), policy, file));
    expect(stderr).toContain('5 problem(s):');
    expect(stderr).toContain(
      'bad.json: one\n    the purpose does not exist\n    mend: did you mean `NEWS`?',
    );
    expect(stderr).toContain('mend: did you mean `Customer.email`?');
    expect(stderr).toContain('bad.json: two, event 1\n    it is said after the request comes');
    expect(stderr).toContain('bad.json: two\n    two cases have this name');
  });

  it('tells what is wrong with the form of a file', async () => {
    const file = join(folder, 'form.json');
    const request = { purpose: 'NEWS', feild: 'Customer.email', at: 'yesterday' };
    const one = { name: 'a case', events: [], request, expect: { release: true, reason: 'OPEN' } };
    writeFileSync(file, JSON.stringify({ groups: { g: [one] } }));
    const stderr = await refusalOf(() => readCaseForm(file));
    expect(stderr).toContain('form.json: a case\n    `groups.g.0.request`: `feild` has no meaning');
    expect(stderr).toContain('mend: did you mean `field`?');
    expect(stderr).toContain('mend: write a time as `2026-03-01T10:00:00Z`');
    expect(await refusalOf(() => readCaseForm(join(folder, 'gone.json')))).toContain(
      'the file cannot be read',
    );
  });
});

/** What a single answer says, as cases are compared. */
const answerIn = ({ code, stdout, stderr }: Ran): Outcome => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Outcome;
};

const questionOf = ({ request }: ReadCase): readonly string[] => [
  ...['--purpose', request.purpose, '--field', request.field, '--json'],
  ...(request.gpc === true ? ['--gpc'] : []),
];

describe('sayso decide --events', () => {
  const tried = [
    'a saved no beside the signal is told as the no',
    "a stricter basis for a region wins over its country's",
    'a yes to marketing by e-mail and SMS is none to marketing as a whole when push was added',
  ];
  it.each(tried)('%s', async (name) => {
    const one = caseNamed(name);
    const file = join(folder, 'history.jsonl');
    writeFileSync(file, one.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    const { place, at } = one.request;
    const args = ['--events', file, '--notices', casesFile, '--at', at, ...questionOf(one)];
    const ran = await decide([...args, ...(typeof place === 'string' ? ['--place', place] : [])]);
    expect(differing([one], new Map([[name, answerIn(ran)]]))).toEqual([]);
  });

  it('takes lines without a time as said now, one after the other', async () => {
    const file = join(folder, 'now.jsonl');
    writeFileSync(file, '{"kind":"refused"}\n{"kind":"given","purpose":"NEWS"}\n');
    const args = ['--events', file, '--purpose', 'NEWS', '--field', 'Customer.email'];
    expect((await decide(args)).stdout).toBe(
      `release: CONSENTED

purpose  category       scope        basis    decision  reason
NEWS     CONTACT_EMAIL  FIRST_PARTY  CONSENT  release   CONSENTED
`,
    );
  });

  it('tells file and line of what cannot be said', async () => {
    const file = join(folder, 'wrong.jsonl');
    const moment = { now: Date.now() * 1000, chosen: false };
    const problems = [
      ['{"kind":"given","purpose":"NEWS"}\n{"kind":"givn"}\n', ':2', '`kind` is wrong'],
      ['{"kind":"given","purpose":"NEWZ"}\n', ':1', 'did you mean `NEWS`?'],
      ['{"kind":"refused","subject":"1"}\n{"kind":"refused"}\n', ':2', 'another person'],
      ['{"kind"\n', ':1', 'it is no JSON'],
    ] as const;
    for (const [text, line, what] of problems) {
      writeFileSync(file, text);
      const said = await refusalOf(() => readHistory(file, 'Customer', moment, policy, new Map()));
      expect(said).toContain(`wrong.jsonl${line}`);
      expect(said).toContain(what);
    }
  });

  it('refuses names that the policy does not have', async () => {
    const file = join(folder, 'none.jsonl');
    writeFileSync(file, '');
    const wrong = await decide(['--events', file, '--purpose', 'NEW', '--field', 'Custmer.email']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('the purpose does not exist; did you mean `NEWS`?');
    expect(wrong.stderr).toContain('the field does not exist; did you mean `Customer.email`?');
  });
});

it.each([
  [],
  ['--cases', 'a', '--events', 'b'],
  ['--events', 'a', '--purpose', 'NEWS'],
  ['--subject', '1', '--purpose', 'NEWS', '--field', 'Customer.email', '--place', 'US'],
  ['--subject', '1', '--purpose', 'NEWS', '--field', 'Customer.email', '--at', 'noon'],
])('takes %j for wrong usage', async (...args) => {
  const command = decideCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  await expect(command.parseAsync(args, { from: 'user' })).rejects.toMatchObject({ exitCode: 2 });
});

describe('sayso decide --subject', () => {
  const asked = [
    'a yes counts for rows of other tables about the person',
    'opt-out releases where the law has it so',
    'the signal with a request leaves what is no sale',
  ].map(caseNamed);
  let world: CaseGateway;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    world = await startCaseGateway(asked);
    const { config, sources } = world.gateway;
    const file = join(folder, 'sayso.yaml');
    writeFileSync(
      file,
      `demo: true\nschema: ${schemaDir}\nsources:\n  shop:\n    postgres: \${SHOP_URL}\n`,
    );
    env = {
      SAYSO_CONFIG: file,
      DATABASE_URL: config.databaseUrl,
      SAYSO_SUBJECT_KEY: config.subjectKey,
      SHOP_URL: urlOf(sources.get('shop')!.connection),
    };
  });
  afterAll(() => world.gateway.close());

  it.each(asked)('$name', async (one) => {
    const args = ['--subject', world.idOf(one.name), ...questionOf(one)];
    const outcome = answerIn(await decide(args, env));
    expect(differing([one], new Map([[one.name, outcome]]))).toEqual([]);
  });

  it('counts at a chosen time what was said up to then', async () => {
    const [one] = asked;
    const args = ['--subject', world.idOf(one!.name), ...questionOf(one!)];
    const outcome = answerIn(await decide([...args, '--at', '2001-01-01T00:00:00Z'], env));
    expect(outcome).toMatchObject({ release: false, reason: 'NEVER_ASKED' });
  });

  it('gives nobody a number, and prints no value and no place', async () => {
    const { knex } = world.gateway.own;
    const before = await knex('subject').count();
    const args = ['--purpose', 'ADVERTISING', '--field', 'Customer.email'];
    const ran = await decide(['--subject', world.idOf(asked[1]!.name), ...args], env);
    expect(ran.stdout).toContain('release: OPT_OUT');
    expect(ran.stdout).not.toMatch(/a value|US-CA/);
    expect(await knex('subject').count()).toEqual(before);
    const nobody = await decide(['--subject', '999', ...args], env);
    expect(nobody).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has this id') as string,
    });
  });
});
