import { afterAll, describe, expect, it } from 'vitest';
import type { RestTableConfig } from '../../src/config/config.ts';
import { CheckedSource } from '../../src/sources/checked-source.ts';
import { RestSource } from '../../src/sources/rest/rest-source.ts';
import type { Source } from '../../src/sources/source.ts';
import { SubjectKinds } from '../../src/sources/subject-kinds.ts';
import { compile, customer } from '../policy/sdl.ts';

const table = (by: readonly string[], ids: RestTableConfig['ids'] = 'number'): RestTableConfig => ({
  path: '/x',
  by: new Map(by.map((column) => [column, column])),
  values: 'repeat',
  batch: 100,
  rows: [],
  columns: new Map(),
  ids,
});

const opened: RestSource[] = [];
/** An API that nobody serves: checking needs none. */
const open = (tables: Readonly<Record<string, RestTableConfig>>): RestSource => {
  const source = new RestSource({
    name: 'crm',
    url: 'http://127.0.0.1:1',
    headers: new Map(),
    poolSize: 1,
    timeoutMs: 100,
    maxBytes: 1_000,
    maxRows: 10,
    tables: new Map(Object.entries(tables)),
  });
  opened.push(source);
  return source;
};
afterAll(() => Promise.all(opened.map((source) => source.close())));

const check = async (sdl: string, tables: Readonly<Record<string, RestTableConfig>>) => {
  const domain = [...compile(sdl).model.types.values()];
  const source = new CheckedSource(open(tables), domain, new SubjectKinds(), () => undefined);
  return source.check();
};

const withMember = (type: string, fields = '') =>
  `${customer.replace(/}\s*$/, '')}
  member: Member @shield(category: TASTE) @join(from: "id", on: "customer_id")
  ${fields}
}
${type}`;
const member = `type Member @table(source: "crm", name: "members", key: ["customer_id"], root: false)
  @about(subject: "customer_id") {
  tier: String @shield(category: TASTE)
}`;

describe('what the SDL asks of an API', () => {
  it('is fine when a parameter looks for it, whether the API is up or not', async () => {
    expect(await check(withMember(member), { members: table(['customer_id']) })).toEqual([]);
  });

  it('names a table that is not configured', async () => {
    const [problem, ...more] = await check(withMember(member), { member: table(['customer_id']) });
    expect(more).toEqual([]);
    expect(problem).toEqual({
      where: expect.stringMatching(/^domain\.graphql:\d+:\d+$/) as string,
      what: 'source `crm` has no table `members`, which `Member` names',
      mend: 'did you mean `member`?',
    });
  });

  it('has no root fields', async () => {
    const sdl = withMember(
      member
        .replace(', root: false', '')
        .replace('["customer_id"]', '["id"]')
        .replace('tier', 'id: ID! @open(because: "a number")\n  tier'),
    );
    expect(await check(sdl, { members: table(['customer_id']) })).toEqual([
      expect.objectContaining({
        what: '`Member` has root fields, and source `crm` is a REST API, which cannot be read page by page',
        mend: 'write `root: false`, and join to it from another type',
      }),
    ]);
  });

  it('looks for no column that has no parameter, from another source neither', async () => {
    const problems = await check(withMember(member), { members: table(['customerid']) });
    expect(problems.map(({ what }) => what)).toEqual([
      'the person, who may see their `Member`, looks for rows of `members` by `customer_id`, for which source `crm` has no query parameter',
      '`Customer.member` looks for rows of `members` by `customer_id`, for which source `crm` has no query parameter',
    ]);
    expect(problems[0]?.mend).toMatch(/^did you mean `customerid`\? Name the parameter/);
  });

  it('finds persons by their id', async () => {
    const sdl = `type Customer @table(source: "crm", name: "people", key: ["id"], root: false)
      @subject(id: "number") {
      id: ID! @open(because: "a number")
      number: ID! @open(because: "a number")
      name: String @shield(category: NAME)
    }`;
    expect((await check(sdl, { people: table(['id']) })).map(({ what }) => what)).toEqual([
      'whoever is a `Customer` looks for rows of `people` by `number`, for which source `crm` has no query parameter',
    ]);
    expect(await check(sdl, { people: table(['number']) })).toEqual([]);
  });

  it('joins over no table between, and finds nobody over another table', async () => {
    const sdl = withMember(`${member.replace(/}$/, '')}
      number: ID @shield(category: TASTE) @column(name: "customer_id")
      perks: [Perk!] @shield(category: TASTE) @join(from: "customer_id", via: "member_perks", on: "member", to: "perk")
      visits: [Visit!] @shield(category: TASTE) @join(from: "customer_id", on: "member_id")
    }
    type Perk @table(source: "crm", name: "perks", root: false) { id: ID! name: String }
    type Visit @table(source: "crm", name: "visits", root: false) @about(through: "member") {
      id: ID! @open(because: "a number")
      member: Member @shield(category: TASTE) @join(on: "member_id")
    }`);
    const problems = await check(sdl, {
      members: table(['customer_id']),
      perks: table(['id']),
      visits: table(['member_id']),
    });
    expect(problems.map(({ what }) => what)).toEqual([
      '`Member.perks` leads over `member_perks`, and source `crm` is a REST API, which cannot join tables',
      '`Visit` finds its person over another table, which a REST API cannot do in one question',
      '`Visit.member` finds rows of `Member` by `customer_id`, which is @shield-ed, so that some are left out; a REST API cannot be read on until enough are found',
    ]);
  });

  it.each(['DELETE', 'ANONYMIZE'])('erases nothing there (%s)', async (how) => {
    const sdl = withMember(member.replace('root: false', `root: false, erase: ${how}`));
    expect(await check(sdl, { members: table(['customer_id']) })).toEqual([
      expect.objectContaining({
        what: `\`Member\` says \`erase: ${how}\`, and source \`crm\` is a REST API, which is only read`,
      }),
    ]);
  });

  it('finds no rows that may have to be left out', async () => {
    const sdl = withMember(
      member.replace(
        'tier:',
        'fellows: [Member!] @shield(category: TASTE) @join(from: "tier", on: "tier")\n  tier:',
      ),
    );
    const problems = await check(sdl, { members: table(['customer_id', 'tier']) });
    expect(problems.map(({ what }) => what)).toEqual([
      '`Member.fellows` finds rows of `Member` by `tier`, which is @shield-ed, so that some are left out; a REST API cannot be read on until enough are found',
    ]);
  });
});

it('names persons by the kind of id that the other sources have', () => {
  const { model } = compile(withMember(member));
  const type = model.types.get('Member')!;
  const person = model.types.get('Customer')!;
  const kinds = new SubjectKinds();
  const shop = { subjectKind: () => 'number' } as unknown as Source;
  expect(kinds.check([person], shop)).toEqual([]);
  expect(kinds.check([type], open({ members: table(['customer_id']) }))).toEqual([]);
  const problems = kinds.check([type], open({ members: table(['customer_id'], 'uuid') }));
  expect(problems).toEqual([
    expect.objectContaining({
      what: '`Member` names its `Customer` by a uuid, `Customer` by a number: one person could have two texts',
      mend: expect.stringContaining('`ids` of a REST table') as string,
    }),
  ]);
});
