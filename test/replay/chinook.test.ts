import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { data, loadChinook, readSchema } from '../chinook/load-chinook.ts';
import type { FreshDatabase } from '../setup/database.ts';
import { startTestGateway, type Asks, type TestGateway } from '../setup/gateway.ts';
import { replay } from './replay.ts';

const title =
  data === undefined
    ? 'a replay of Chinook (skipped: SAYSO_TEST_DATA names no folder with its data)'
    : 'a replay of Chinook';

const queries = [
  `{ customers(first: 100) { nodes {
    id firstName lastName company address city state country postalCode phone fax email
    supportRep { firstName email reportsTo { lastName title } }
    invoices { invoiceDate total billingCity customer { lastName } lines(first: 5) { unitPrice quantity track { name } } }
  } } }`,
  `{ employees(first: 20) { nodes {
    id firstName title hireDate birthDate address email
    reports { lastName title } customers { firstName company email }
  } } }`,
  `{ invoiceLines(first: 1000) { nodes { quantity invoice { total customer { email } } } } }`,
  `{ tracks(first: 20) { nodes { name invoiceLines { quantity invoice { customer { city } } } } } }`,
];
const purposes = ['SALE', 'TAX', 'PERSONAL_SERVICE', 'RECOMMENDATIONS', 'STAFF_DIRECTORY'];

describe.skipIf(data === undefined)(title, () => {
  let chinook: FreshDatabase;
  let gateway: TestGateway;
  beforeAll(async () => {
    chinook = await loadChinook();
    gateway = await startTestGateway({ schema: await readSchema(), sources: { chinook } });
  });
  afterAll(async () => {
    await gateway.close();
    await chinook.drop();
  });

  const done = async (query: string, asks: Asks): Promise<void> => {
    const { body } = await gateway.ask(query, asks);
    expect(body.errors, query).toBeUndefined();
  };
  const lookAtAll = async (): Promise<void> => {
    for (const purpose of purposes) for (const query of queries) await done(query, { purpose });
  };
  const say = (word: string, purpose: string, type: string, id: number): Promise<void> =>
    done(
      `mutation { ${word}(purpose: ${purpose}, subject: { type: "${type}", id: "${id}" }) { head } }`,
      {
        scope: 'consent:write',
      },
    );

  it('finds no difference, whatever was asked and said', { timeout: 120_000 }, async () => {
    await lookAtAll();
    for (let id = 1; id <= 59; id += 1) {
      if (id % 2) await say('giveConsent', 'PERSONAL_SERVICE', 'Customer', id);
      if (id % 3) await say('giveConsent', 'RECOMMENDATIONS', 'Customer', id);
      if (id % 5 === 0) await say('withdrawConsent', 'PERSONAL_SERVICE', 'Customer', id);
      if (id % 7 === 0) await done('{ me { held { fields } export } }', { subject: String(id) });
    }
    for (const id of [1, 2, 3]) await say('giveConsent', 'PERSONAL_SERVICE', 'Employee', id);
    for (const id of [3, 4]) await say('objectToProcessing', 'STAFF_DIRECTORY', 'Employee', id);
    await lookAtAll();
    await done('mutation { erase(subject: { type: "Customer", id: "5" }) { complete } }', {
      scope: 'consent:write',
    });
    await lookAtAll();
    const { summary, differences } = await replay(gateway.own.knex);
    expect(differences).toEqual([]);
    expect(summary.lost).toEqual([]);
    expect(summary.derived).toBeGreaterThan(5_000);
  });
});
