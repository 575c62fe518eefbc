import { createRequire } from 'node:module';
import { Source } from 'graphql';
import type * as Shield from 'graphql-shield';
import { describe, expect, it } from 'vitest';
import { governanceSdl, readSdlFolder } from '../../src/config/read-sdl-folder.ts';
import { checkRules, createGuards } from '../../src/gateway/guards.ts';
import type { Caller } from '../../src/identity/caller.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';

const { rule, and, or, not, chain, race, allow } = createRequire(import.meta.url)(
  'graphql-shield',
) as typeof Shield;

let calls = 0;
const yes = rule('yes', { cache: 'no_cache' })(() => {
  calls += 1;
  return true;
});
const no = rule('no', { cache: 'no_cache' })(() => false);
const slowYes = rule('slowYes', { cache: 'no_cache' })(async () => Promise.resolve(true));
const broken = rule('broken', { cache: 'no_cache' })(() => {
  throw new Error('a secret of the rule');
});
const answersError = rule('answersError', { cache: 'no_cache' })(() => new Error('refused'));
const isStaff = rule('isStaff', { cache: 'no_cache' })(
  (_parent, _args, { caller }: { caller: Caller }) => caller.scopes.has('staff'),
);

const rules = new Map<string, unknown>(
  Object.entries({
    yes,
    no,
    slowYes,
    broken,
    answersError,
    isStaff,
    all: and(yes, slowYes),
    notAll: and(yes, no),
    one: or(no, yes),
    none: or(no, broken),
    inOrder: chain(yes, slowYes),
    stopped: chain(no, yes),
    first: race(no, slowYes),
  }),
);

const fields = [...rules.keys()]
  .map((name) => `${name}: String @shield(category: A, rules: ["${name}"])`)
  .join('\n');

const policy = compilePolicy(
  {
    governance: await readSdlFolder(governanceSdl),
    domain: [
      new Source(
        `enum Category { A @category }
         enum Purpose { P @purpose(covers: [A]) }
         type Person @table(source: "s", name: "person") @subject(id: "id") {
           id: ID! @open(because: "key")
           both: String @shield(category: A, rules: ["yes", "no"])
           free: String @shield(category: A)
           ${fields}
         }`,
        'domain.graphql',
      ),
    ],
  },
  { sources: ['s'], rules: [...rules.keys()], resolvers: [] },
);

const caller = (scopes: readonly string[] = []): Caller => ({
  client: 'c',
  sub: 'c',
  purposes: new Set(['P']),
  mayWriteConsent: false,
  mayReadAudit: false,
  scopes: new Set(scopes),
  claims: {},
});

const refused = async (coordinates: readonly string[], by = caller()): Promise<string[]> => [
  ...(await createGuards(policy, rules).refusals(coordinates, { caller: by, purpose: 'P' })).keys(),
];

describe('guards', () => {
  it('let through what each kind of rule allows and refuse the rest', async () => {
    const coordinates = [...rules.keys(), 'both', 'free'].map((name) => `Person.${name}`);
    expect((await refused(coordinates)).sort()).toEqual(
      ['answersError', 'both', 'broken', 'isStaff', 'no', 'none', 'notAll', 'stopped']
        .map((name) => `Person.${name}`)
        .sort(),
    );
  });

  it('ask each coordinate once for an operation', async () => {
    calls = 0;
    await refused(['Person.yes']);
    expect(calls).toBe(1);
  });

  it('let a rule see who asks', async () => {
    expect(await refused(['Person.isStaff'], caller(['staff']))).toEqual([]);
    expect(await refused(['Person.isStaff'], caller())).toEqual(['Person.isStaff']);
  });

  it('give no answer of one caller to the next', async () => {
    const guards = createGuards(policy, rules);
    const ask = (by: Caller) => guards.refusals(['Person.isStaff'], { caller: by, purpose: 'P' });
    const answers = await Promise.all([
      ask(caller(['staff'])),
      ask(caller()),
      ask(caller(['staff'])),
    ]);
    expect(answers.map(({ size }) => size)).toEqual([0, 1, 0]);
  });

  it('evaluate rules of a deployment each time, though they let the same caller through before', async () => {
    const guards = createGuards(policy, rules);
    const by = caller(['staff']);
    const asked = ['Person.yes', 'Query.person'];
    calls = 0;
    for (let i = 1; i <= 3; i += 1) {
      await guards.refusals(asked, { caller: by, purpose: 'P' });
      expect(calls).toBe(i);
    }
  });

  it('remember what Sayso’s own let through for that caller, purpose and list alone', async () => {
    const guards = createGuards(policy, rules);
    const asked = ['Query.person'];
    const may = { caller: caller(), purpose: 'P' };
    for (let i = 0; i < 3; i += 1) expect((await guards.refusals(asked, may)).size).toBe(0);
    const may2 = { ...may, purpose: 'Q' };
    const other = { ...may, caller: { ...may.caller, purposes: new Set<string>() } };
    for (const not of [may2, other, { ...may, purpose: undefined }]) {
      for (let i = 0; i < 2; i += 1)
        expect([...(await guards.refusals(asked, not)).keys()]).toEqual(asked);
    }
    expect((await guards.refusals(asked, may)).size).toBe(0);
    // A list of something else is looked at, whatever was let through.
    expect((await guards.refusals(['Query.auditEntries'], may)).size).toBe(1);
  });

  it('do not pass on what a failing rule says', async () => {
    const refusals = await createGuards(policy, rules).refusals(['Person.broken'], {
      caller: caller(),
      purpose: 'P',
    });
    expect(refusals.get('Person.broken')?.message).toBe('`Person.broken` is not permitted');
  });

  it('refuse root fields of personal types without a purpose, and of others never', async () => {
    const guards = createGuards(policy, rules);
    const without = await guards.refusals(['Query.person', 'Query.people'], {
      caller: caller(),
      purpose: undefined,
    });
    expect([...without.keys()]).toEqual(['Query.person']);
  });
});

describe('a module of rules', () => {
  it.each<[string, unknown]>([
    ['keeps a cache', rule('cached', { cache: 'contextual' })(() => true)],
    ['keeps a cache', rule('cached', { cache: 'strict' })(() => true)],
    [
      'keeps a cache',
      and(
        yes,
        rule('deep', { cache: 'strict' })(() => true),
      ),
    ],
    ['uses `not`', not(no)],
    ['uses `not`', or(yes, and(yes, not(no)))],
    ['is not written with graphql-shield', () => true],
    ['is not written with graphql-shield', true],
  ])('may not hold a rule that %s', (what, one) => {
    const [problem] = checkRules(new Map<string, unknown>([['bad', one]]), 'rules.ts');
    expect(problem).toMatchObject({ where: 'rules.ts' });
    expect(problem?.what).toContain(what);
  });

  it('may hold rules joined by and, or and chain, and shield’s own', () => {
    expect(checkRules(rules, 'rules.ts')).toEqual([]);
    expect(checkRules(new Map<string, unknown>([['allow', allow]]), 'rules.ts')).toEqual([]);
  });
});
