import type { AuditDecision } from '../../src/audit/entry.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadCase } from '../../src/cli/decide/case-file.ts';
import { startCaseGateway, type CaseGateway } from './case-gateway.ts';
import { cases, differing, falsified, type Outcome } from './cases.ts';
import { loggedOperations } from '../setup/logged.ts';

const queryFor = (field: string, id: string): string => {
  const [type, name = ''] = field.split('.');
  const inner: Readonly<Record<string, string | undefined>> = {
    Order: `orders { value: ${name} }`,
    Wishes: `wishes { value: ${name} }`,
  };
  const selection = inner[type ?? ''] ?? `value: ${name}`;
  return `{ customer(id: ${id}) { ${selection} } }`;
};

interface Asked {
  readonly entry: string;
  /** The value is there. */
  readonly release: boolean;
  readonly client: string | null;
}

type Decisions = readonly AuditDecision[];

let world: CaseGateway;
const outcomes = new Map<string, Outcome>();

const ask = async ({ name, request }: ReadCase): Promise<Asked> => {
  const { purpose, field, gpc } = request;
  const headers = gpc === true ? { 'sec-gpc': '1' } : {};
  const query = queryFor(field, world.idOf(name));
  const { status, body } = await world.gateway.ask(query, { purpose, headers });
  expect({ status, errors: body.errors }, name).toEqual({ status: 200, errors: undefined });
  const { customer } = body.data;
  const { value } = customer.orders?.[0] ?? customer.wishes ?? customer;
  const { entry, withheld } = body.extensions.sayso;
  const [note] = withheld;
  if (note)
    expect({ name, field: note.field, count: note.count }).toEqual({ name, field, count: 1 });
  return { entry, release: value !== null, client: note?.reason ?? null };
};

/** The decision on one field, as an entry of the log has it. */
const logged = (name: string, field: string, decisions: Decisions): string => {
  const about = decisions.filter(({ coordinates }) => coordinates.includes(field));
  expect(about, name).toHaveLength(1);
  const { reason, count } = about[0]!;
  expect(count, name).toBe(1);
  return reason;
};

beforeAll(async () => {
  world = await startCaseGateway(cases);
  const asked = new Map<string, Asked>();
  for (const one of cases) asked.set(one.name, await ask(one));
  const rows = await loggedOperations(world.gateway.own.knex);
  const entries = new Map(rows.map(({ id, decisions }) => [id, decisions]));
  for (const { name, request } of cases) {
    const { entry, release, client } = asked.get(name)!;
    const reason = logged(name, request.field, entries.get(entry) ?? []);
    outcomes.set(name, { release, reason, client });
  }
}, 120_000);
afterAll(() => world.gateway.close());

describe('the GraphQL answer and its entry in the log', () => {
  it.each(cases)('$name', (one) => {
    expect(differing([one], outcomes)).toEqual([]);
  });

  it.each(falsified(cases))('differs from every case that is falsified', (...falsifiedCases) => {
    expect(differing(falsifiedCases, outcomes)).toHaveLength(cases.length);
  });
});
