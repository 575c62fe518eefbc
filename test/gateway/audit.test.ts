import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../setup/gateway.ts';
import { numberOf, startRightsShop } from './rights-shop.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startRightsShop();
});
afterAll(() => gateway.close());

const auditor = { client: 'desk', scope: 'audit:read' };
const audit = async (query: string): Promise<Awaited<ReturnType<TestGateway['ask']>>['body']> =>
  (await gateway.ask(query, auditor)).body;
const look = (id: string, client = 'shop') =>
  gateway.ask(`query Look { customer(id: ${id}) { id name } }`, { purpose: 'TAX', client });
const entryOf = ({ body }: Awaited<ReturnType<typeof look>>): string =>
  (body.extensions.sayso as { entry: string }).entry;
type Node = Record<string, unknown> & { id: string; decisions: { coordinate: string }[] };

describe('the log', () => {
  it.each([
    ['auditEntries', '{ auditEntries { next } }'],
    ['auditEntry', '{ auditEntry(id: "x") { id } }'],
    ['auditCounts', '{ auditCounts(by: CLIENT) { entries } }'],
    ['auditPolicy', '{ auditPolicy(id: "x") { text } }'],
    ['auditLogs', '{ auditLogs { origin } }'],
  ])('%s is for `audit:read` alone', async (field, query) => {
    for (const asks of [{}, { scope: 'consent:write' }, { subject: '101' }]) {
      const { status, body } = await gateway.ask(query, asks);
      expect([status, body.data]).toEqual([403, undefined]);
      expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
      expect(body.errors[0].message).toContain(`\`${field}\``);
    }
    expect((await audit(query)).errors).toBeUndefined();
  });

  it('tells who saw a person’s name, when and for what, as soon as it was answered', async () => {
    const entry = entryOf(await look('102'));
    const number = await numberOf(gateway, '102');
    const { data } = await audit(`{ auditEntries(person: { id: "102" }, coordinate: "Customer.name",
      released: true, first: 1) {
        next
        nodes { log index id kind at client actor purpose operation documentHash policy head decidedAt
          notices outcome signals errors { code } part parts erased
          decisions { coordinate released reason count subjects } }
      } }`);
    expect(data.auditEntries.nodes).toMatchObject([
      {
        log: expect.stringMatching(/^test\.local\/[0-9a-f]{8}$/) as string,
        id: entry,
        kind: 'operation',
        client: 'shop',
        purpose: 'TAX',
        operation: 'Look',
        outcome: 'ANSWERED',
        signals: [],
        errors: [],
        part: null,
        erased: null,
        decisions: [
          { coordinate: 'Customer.name', released: true, count: 1, subjects: String(number) },
        ],
      },
    ]);
    const [node] = data.auditEntries.nodes as Node[];
    expect(typeof node!['index']).toBe('number');
    expect(Date.parse(String(node!['decidedAt']))).toBeGreaterThan(Date.now() - 60_000);
  });

  it('is searched by every word, in any combination, and by words that the schema lost', async () => {
    const entry = entryOf(await look('103', 'other'));
    const found = async (args: string) => {
      const { data, errors } = await audit(`{ auditEntries(first: 50, ${args}) { nodes { id } } }`);
      expect(errors).toBeUndefined();
      return (data.auditEntries.nodes as Node[]).map(({ id }) => id);
    };
    const [{ at, log }] = (
      await audit(`{ auditEntries(client: "other", first: 1) { nodes { at log } } }`)
    ).data.auditEntries.nodes as [{ at: string; log: string }];
    for (const args of [
      'client: "other"',
      'client: "other", purpose: "TAX", operation: "Look", outcome: "ANSWERED", kind: "operation"',
      `client: "other", log: "${log}", from: "${at}"`,
      'client: "other", reason: "LEGAL_OBLIGATION", coordinate: "Customer.name"',
    ])
      expect(await found(args)).toEqual([entry]);
    for (const args of [
      `client: "other", to: "${at}"`,
      'client: "other", released: false',
      'purpose: "GONE"',
      'coordinate: "Gone.field"',
      'log: "nowhere"',
      'subject: -1',
      'person: { id: "404" }',
    ])
      expect(await found(args)).toEqual([]);
    expect(await numberOf(gateway, '404')).toBeUndefined();
    for (const args of [
      'first: -1',
      'first: 1001',
      'after: "x"',
      'person: { id: "1", type: "Nobody" }',
    ]) {
      const { errors } = await audit(`{ auditEntries(${args}) { next } }`);
      expect(['BAD_USER_INPUT', 'CURSOR_INVALID']).toContain(errors[0].extensions.code);
    }
  });

  it('is read page by page without gap or repetition while it grows', async () => {
    for (let i = 0; i < 5; i += 1) await look('104', 'paged');
    const ids: string[] = [];
    let after = '';
    for (;;) {
      const { data } = await audit(
        `{ auditEntries(first: 2, client: "paged"${after}) { nodes { id } next } }`,
      );
      const { nodes, next } = data.auditEntries as { nodes: Node[]; next: string | null };
      ids.push(...nodes.map(({ id }) => id));
      if (next === null) break;
      after = `, after: "${next}"`;
      await look('104', 'paged');
    }
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(5);
  });

  it('gives one entry by the id that its caller was told', async () => {
    const id = entryOf(await look('105'));
    const { data } = await audit(`{
      known: auditEntry(id: "${id}") { id operation decisions { coordinate } }
      unknown: auditEntry(id: "01a2099b-0df2-7e65-84a6-1c88074c579e") { id }
      wrong: auditEntry(id: "x") { id }
    }`);
    expect(data).toMatchObject({ known: { id, operation: 'Look' }, unknown: null, wrong: null });
    expect(data.known.decisions).toHaveLength(2);
  });

  it('counts by any of its words', async () => {
    for (const id of ['106', '107', '106']) await look(id, 'counted');
    const { data } = await audit(`{
      entries: auditCounts(by: [CLIENT, PURPOSE], client: "counted") { client purpose reason entries decisions persons }
      cells: auditCounts(by: [COORDINATE, RELEASED], client: "counted") { coordinate released entries decisions persons }
      persons: auditCounts(by: [SUBJECT], client: "counted", coordinate: "Customer.name") { subject entries }
      of: auditCounts(by: [CLIENT], person: { id: "107" }) { client entries persons }
    }`);
    expect(data.entries).toEqual([
      {
        client: 'counted',
        purpose: 'TAX',
        reason: null,
        entries: 3,
        decisions: null,
        persons: null,
      },
    ]);
    expect(data.cells).toEqual(
      ['Customer.id', 'Customer.name'].map((coordinate) => ({
        coordinate,
        released: true,
        entries: 3,
        decisions: 3,
        persons: 2,
      })),
    );
    const numbers = await Promise.all(['106', '107'].map((id) => numberOf(gateway, id)));
    expect(data.persons).toEqual([
      { subject: String(numbers[0]), entries: 2 },
      { subject: String(numbers[1]), entries: 1 },
    ]);
    expect(data.of).toEqual([{ client: 'counted', entries: 1, persons: 1 }]);
  });

  it('tells of its policies, and of what proofs begin from', async () => {
    const { policy } = gateway.app;
    const { data } = await audit(`{
      auditPolicy(id: "${policy.id}") { id text firstUsedAt }
      unknown: auditPolicy(id: "sha256:0") { id }
      auditLogs { origin size minimumIndex root checkpoint witnessed keys { key fromIndex since } }
    }`);
    expect(data.auditPolicy).toMatchObject({ id: policy.id, text: policy.text });
    expect(data.unknown).toBeNull();
    const [log] = data.auditLogs as [Record<string, unknown> & { keys: { key: string }[] }];
    expect(log).toMatchObject({ minimumIndex: 0, witnessed: null });
    expect(Buffer.from(String(log['root']), 'base64')).toHaveLength(32);
    expect(log.keys[0]!.key).toMatch(
      new RegExp(String.raw`^${String(log['origin'])}\+[0-9a-f]{8}\+`),
    );
  });

  it('holds positions that 32 bits do not', async () => {
    const { body } = await gateway.ask(
      '{ auditEntries(first: 1) { nodes { head index } } }',
      auditor,
    );
    expect(body.errors).toBeUndefined();
    expect(gateway.app.policy.schema.getType('SafeInt')).toMatchObject({ name: 'SafeInt' });
    const scalar = gateway.app.policy.schema.getType('SafeInt') as unknown as {
      serialize(value: unknown): unknown;
    };
    expect(scalar.serialize(2 ** 40)).toBe(2 ** 40);
  });

  it('says that it must be indexed first, rather than let somebody wait', async () => {
    const { knex } = gateway.own;
    await knex.raw(`insert into audit_log (origin, size, root) values ('away', 0, sha256(''))`);
    await knex.raw(`update audit_log set size = 500000 where origin = 'away'`);
    const { errors } = await audit('{ auditEntries { next } }');
    expect(errors[0].extensions).toMatchObject({ code: 'AUDIT_INDEX_BEHIND' });
    await knex.raw(
      `insert into audit_indexed (log, size) select id, size from audit_log where origin = 'away'
       on conflict (log) do update set size = excluded.size`,
    );
    expect((await audit('{ auditEntries { next } }')).errors).toBeUndefined();
  });
});

it('an erased person is found by number alone, and so is the erasure', async () => {
  await look('108');
  const number = await numberOf(gateway, '108');
  await gateway.ask('mutation { erase { complete } }', { subject: '108' });
  const nodesOf = async (args: string) =>
    (
      await audit(
        `{ auditEntries(${args}) { nodes { kind erased sources { source type outcome rows } } } }`,
      )
    ).data.auditEntries.nodes as Node[];
  expect(await nodesOf('person: { id: "108" }')).toEqual([]);
  const [erasure, ...rest] = await nodesOf(`subject: ${number}`);
  expect(erasure).toMatchObject({ kind: 'erasure', erased: number });
  expect(erasure!['sources']).not.toEqual([]);
  expect(rest.length).toBeGreaterThan(0);
  expect(await nodesOf(`subject: ${number}, coordinate: "Customer.name"`)).not.toContainEqual(
    erasure,
  );
});

it('a person reads who looked at their data, page by page, and nobody else’s', async () => {
  for (const client of ['one', 'two', 'three']) await look('109', client);
  await look('101', 'else');
  const clients: string[] = [];
  let after = '';
  for (;;) {
    const { body } = await gateway.ask(
      `{ me { reads(first: 1${after}) { nodes { client self fields { field } } next } } }`,
      { subject: '109' },
    );
    const { nodes, next } = body.data.me.reads as {
      nodes: { client: string; self: boolean }[];
      next: string | null;
    };
    clients.push(...nodes.filter(({ self }) => !self).map(({ client }) => client));
    if (next === null) break;
    after = `, after: "${next}"`;
  }
  expect(clients).toEqual(['three', 'two', 'one']);
});
