import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';
import { dumpOf, numberOfPerson, testSeal } from '../setup/subjects.ts';

const eva = 'eva.lindqvist@example.org';
const adam = 'adam.smith@example.org';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    schema: `
      enum Category { EMAIL @category SIZE @category }
      enum Purpose {
        NEWS @purpose(covers: [EMAIL])
        ADS @purpose(covers: [EMAIL], sale: true)
        FIT @purpose(covers: [SIZE])
      }
      type Customer @table(source: "shop", name: "customer", erase: DELETE) @subject(id: "id") {
        id: ID! @open(because: "surrogate key")
        email: String @shield(category: EMAIL)
        wishes: Wishes
      }
      type Wishes @declared {
        size: String @shield(category: SIZE)
      }`,
    sources: {
      shop: `create table customer (id text primary key, email text);
        insert into customer values ('${eva}', 'e'), ('${adam}', 'a');`,
    },
  });
});
afterAll(() => gateway.close());

/** Where a person shows in Sayso's own database, in clear or to whoever has the key. */
const tracesOf = async (id: string): Promise<readonly string[]> => {
  const bytes = Buffer.from(id);
  const looks = [
    ...[id, bytes.toString('hex'), bytes.toString('base64')],
    testSeal.lookup('Customer', id).toString('hex'),
  ];
  return [...(await dumpOf(gateway.own.knex))]
    .filter(([, text]) => looks.some((look) => text.toLowerCase().includes(look.toLowerCase())))
    .map(([column]) => column);
};

it('a person stands in one column, and in none once they were erased', async () => {
  const { knex } = gateway.own;
  for (const subject of [eva, adam]) {
    const say = (text: string) =>
      gateway.ask(`mutation { ${text} { head } }`, { subject, scope: 'purpose:NEWS' });
    const said = [
      await say('giveConsent(purpose: NEWS, idempotencyKey: "k")'),
      await say('declare(for: [FIT], wishes: { size: "S" })'),
    ];
    for (const { body } of said) expect(body.errors).toBeUndefined();
    await gateway.ask('{ me { id all } }', { subject, headers: { 'sec-gpc': '1' } });
    await gateway.ask(`{ customer(id: "${subject}") { id email } }`, { purpose: 'NEWS' });
    await gateway.ask('query ($id: ID!) { customer(id: $id) { email } }', {
      purpose: 'NEWS',
      client: 'call-centre',
      variables: { id: subject },
    });
    await gateway.ask(`{ auditEntries(person: { id: "${subject}" }) { nodes { id } } }`, {
      scope: 'audit:read',
    });
  }
  const number = (await numberOfPerson(knex, eva))!;
  // By the key alone; in clear they are nowhere even now.
  expect(await tracesOf(eva)).toEqual(['subject.lookup']);
  const sealed = async (): Promise<readonly unknown[]> =>
    knex('subject').where({ number }).select('sealed');
  expect(await sealed()).toHaveLength(1);

  const { body } = await gateway.ask('mutation { erase { complete } }', { subject: eva });
  expect(body.data.erase.complete).toBe(true);
  expect(await tracesOf(eva)).toEqual([]);
  expect(await sealed()).toEqual([]);
  expect(await tracesOf(adam)).toEqual(['subject.lookup']);
});
