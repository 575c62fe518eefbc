import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    HOME @category
  }
  enum Purpose {
    NEIGHBOURHOOD @purpose(covers: [HOME])
  }
  type Customer @table(source: "shop", name: "customer") @subject {
    id: ID! @open(because: "surrogate key")
    postcode: String @shield(category: HOME)
    neighbours: [Customer!] @shield(category: HOME) @join(from: "postcode", on: "postcode")
  }
`;
const shop = `
  create table customer (id int primary key, postcode text);
  insert into customer select n, 'AB1' from generate_series(1, 10) n;
`;

describe('a list of rows found by a governed column', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      schema,
      sources: { shop },
      limits: { maxRows: 3, maxPageSize: 2, defaultPageSize: 2 },
    });
    for (const id of [1, 9]) {
      await gateway.ask('mutation { giveConsent(purpose: NEIGHBOURHOOD) { head } }', {
        subject: String(id),
      });
    }
  });
  afterAll(async () => {
    await gateway.close();
  });

  const neighbours = async (args = ''): Promise<string> => {
    const query = `{ customer(id: 1) { neighbours${args} { id } } }`;
    const { body } = await gateway.ask(query, { purpose: 'NEIGHBOURHOOD' });
    return JSON.stringify({ data: body.data, errors: body.errors });
  };

  it('is found across many rows that are not to be seen, and tells nothing of how many', async () => {
    const with8Hidden = await neighbours();
    expect(with8Hidden).toBe('{"data":{"customer":{"neighbours":[{"id":"1"},{"id":"9"}]}}}');
    const first = await neighbours('(first: 1)');
    expect(first).toBe('{"data":{"customer":{"neighbours":[{"id":"1"}]}}}');
    const { knex } = gateway.sources.get('shop')!;
    await knex.raw(`update customer set postcode = null where id not in (1, 9)`);
    expect(await neighbours()).toBe(with8Hidden);
    expect(await neighbours('(first: 1)')).toBe(first);
    await knex.raw(`update customer set postcode = 'AB1'`);
  });

  it('is an error when more may be seen than may be read at once', async () => {
    for (const id of [2, 3]) {
      await gateway.ask('mutation { giveConsent(purpose: NEIGHBOURHOOD) { head } }', {
        subject: String(id),
      });
    }
    expect(await neighbours()).toContain('SOURCE_TOO_LARGE');
    expect(await neighbours('(first: 2)')).toContain('[{"id":"1"},{"id":"2"}]');
  });
});
