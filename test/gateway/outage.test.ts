import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { withClient } from '../../src/database/connection.ts';
import type { FreshDatabase } from '../setup/database.ts';
import { lastLogged } from '../setup/logged.ts';
import { startTestGateway, type Answer, type TestGateway } from '../setup/gateway.ts';
import { captureOutput } from './canary/log-capture.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
    PURCHASES @category
    CLUB @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL, PURCHASES])
    FULFILMENT @purpose(covers: [EMAIL, PURCHASES, CLUB], basis: CONTRACT)
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
    orders: [Order!] @shield(category: PURCHASES) @join(on: "customer_id")
    loyalty: Loyalty @shield(category: CLUB) @join(from: "id", on: "customer_id")
  }
  type Order @table(source: "shop", name: "orders") @about(subject: "customer_id") {
    id: ID! @open(because: "surrogate key")
    note: String @shield(category: PURCHASES)
    customer: Customer @shield(category: PURCHASES) @join(on: "customer_id")
  }
  type Loyalty
    @table(source: "crm", name: "loyalty", key: ["customer_id"], root: false)
    @about(subject: "customer_id") {
    points: Int @shield(category: CLUB)
  }
`;
const people = 1_000;
const shop = `
  create table customer (id int primary key, email text);
  create table orders (id int primary key, customer_id int, note text);
  insert into customer select n, 'c' || n || '@example.com' from generate_series(1, ${people}) n;
  insert into orders values (1, 1, 'order of one'), (2, 2, 'order of two');
`;
const crm = `
  create table loyalty (customer_id int primary key, points int);
  insert into loyalty select n, n from generate_series(1, ${people}) n;
`;

let gateway: TestGateway;
let output: ReturnType<typeof captureOutput>;
beforeAll(async () => {
  output = captureOutput();
  gateway = await startTestGateway({ schema, sources: { shop, crm }, logLevel: 'debug' });
});
afterAll(async () => {
  output.stop();
  await gateway.close();
});

const admin = (sql: string, values: readonly string[]): Promise<unknown> =>
  withClient({ ...gateway.own.connection, database: 'postgres' }, (client) =>
    client.query(sql, [...values]),
  );

/** Ends every connection to a database and lets nobody in until the function is done. */
const whileDown = async <T>({ connection }: FreshDatabase, run: () => Promise<T>): Promise<T> => {
  const name = connection.database ?? '';
  await admin(`alter database ${name} with allow_connections false`, []);
  await admin('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
  try {
    return await run();
  } finally {
    await admin(`alter database ${name} with allow_connections true`, []);
  }
};

/** Renames a table of Sayso's own until the function is done. */
const whileGone = async <T>(table: string, run: () => Promise<T>): Promise<T> => {
  const { knex } = gateway.own;
  await knex.raw(`alter table ${table} rename to ${table}_gone`);
  try {
    return await run();
  } finally {
    await knex.raw(`alter table ${table}_gone rename to ${table}`);
  }
};

/** Holds a table of a source so that whoever reads it waits. */
const whileLocked = async <T>(
  { connection }: FreshDatabase,
  table: string,
  run: (release: () => Promise<void>) => Promise<T>,
): Promise<T> =>
  withClient(connection, async (client) => {
    await client.query(`begin; lock table ${table} in access exclusive mode`);
    let held = true;
    const release = async (): Promise<void> => {
      if (held) await client.query('commit');
      held = false;
    };
    return run(release).finally(release);
  });

const source = (name: string): FreshDatabase => gateway.sources.get(name)!;
const both = '{ customers(first: 3) { nodes { email loyalty { points } } } }';
const fulfil = { purpose: 'FULFILMENT' };
const news = { purpose: 'NEWS' };

const refused = (answer: Answer) => ({
  status: answer.status,
  data: answer.body.data ?? null,
  code: answer.body.errors[0].extensions.code,
});

const expectAllThere = async (): Promise<void> => {
  const { status, body } = await gateway.ask(both, fulfil);
  expect({ status, errors: body.errors }).toEqual({ status: 200, errors: undefined });
  expect(body.data.customers.nodes[0]).toEqual({
    email: 'c1@example.com',
    loyalty: { points: 1 },
  });
};

/** Waits until the gateway answers again as it should. */
const recovers = async (): Promise<void> => {
  const errors = async (): Promise<unknown> => (await gateway.ask(both, fulfil)).body.errors;
  await expect.poll(errors, { timeout: 5_000 }).toBeUndefined();
};

/** Waits until a statement in the source waits for a lock. */
const somebodyWaits = async ({ knex }: FreshDatabase): Promise<void> => {
  const waiting = async (): Promise<number> => {
    const { rows } = await knex.raw<{ rows: unknown[] }>(
      `select 1 from pg_stat_activity
       where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return rows.length;
  };
  await expect.poll(waiting).toBeGreaterThan(0);
};

interface ToldError {
  readonly path: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

describe('a source that is down', () => {
  it('takes its own fields along and nothing else, and is read again when it is back', async () => {
    await expectAllThere();
    await whileDown(source('crm'), async () => {
      const { status, body } = await gateway.ask(both, fulfil);
      expect(status).toBe(200);
      expect(body.data.customers.nodes).toEqual([
        { email: 'c1@example.com', loyalty: null },
        { email: 'c2@example.com', loyalty: null },
        { email: 'c3@example.com', loyalty: null },
      ]);
      expect(body.errors).toHaveLength(3);
      for (const { extensions } of body.errors)
        expect(extensions).toEqual({ code: 'SOURCE_UNAVAILABLE', source: 'crm' });
    });
    await recovers();
    await expectAllThere();
  });

  it('fails once for a thousand rows, in few words', async () => {
    await whileDown(source('crm'), async () => {
      const query = `{ customers(first: ${people}) { nodes { email a: loyalty { points } b: loyalty { points } } } }`;
      const before = output.text().length;
      const { body } = await gateway.ask(query, fulfil);
      expect(body.data.customers.nodes).toHaveLength(people);
      const errors = body.errors as readonly ToldError[];
      expect(errors).toHaveLength(40);
      const paths = errors.map(({ path }) => path.join('.'));
      expect(paths.slice(0, 2)).toEqual(['customers.nodes.0.a', 'customers.nodes.1.a']);
      expect(paths[39]).toBe('customers.nodes.19.b');
      const suppressed = errors.map(({ extensions }) => extensions['suppressed']);
      expect(suppressed.filter(Boolean)).toEqual([people - 20, people - 20]);
      expect(suppressed[39]).toBe(people - 20);
      // Neither is the log flooded.
      expect(output.text().slice(before).split('\n').length).toBeLessThan(10);
    });
    await recovers();
  });

  it('answers nothing of a list whose own source is down', async () => {
    await whileDown(source('shop'), async () => {
      const { body } = await gateway.ask(both, fulfil);
      expect(body.data).toEqual({ customers: null });
      expect(body.errors).toHaveLength(1);
    });
    await recovers();
  });
});

describe('a slow source', () => {
  it('is given up within its time, and others are answered', async () => {
    await whileLocked(source('crm'), 'loyalty', async () => {
      const start = Date.now();
      const { body } = await gateway.ask(both, fulfil);
      expect(Date.now() - start).toBeLessThan(5_000);
      expect(body.data.customers.nodes[0]).toEqual({ email: 'c1@example.com', loyalty: null });
      expect(body.errors[0].extensions).toEqual({ code: 'SOURCE_TIMEOUT', source: 'crm' });
    });
    await expectAllThere();
  });
});

describe('the ledger', () => {
  it('out of reach means 503 and nothing released, whatever the basis', async () => {
    for (const gone of [
      (run: () => Promise<void>) => whileDown(gateway.own, run),
      (run: () => Promise<void>) => whileGone('ledger_head', run),
    ]) {
      await gone(async () => {
        for (const asks of [news, fulfil]) {
          const answer = await gateway.ask(both, asks);
          expect(refused(answer)).toEqual({ status: 503, data: null, code: 'LEDGER_UNAVAILABLE' });
          expect(answer.text).not.toContain('example.com');
        }
        const said = await gateway.ask('mutation { giveConsent(purpose: NEWS) { head } }', {
          ...news,
          subject: '9',
        });
        expect(said.status).toBe(503);
        expect(said.body.data ?? null).toBeNull();
      });
      await recovers();
    }
    await expectAllThere();
  });

  it('whose events cannot be read means the same for what turns on consent', async () => {
    // Nobody has asked for this person yet, so nothing of theirs is in memory.
    const query = '{ customer(id: "700") { id email } }';
    await whileGone('consent_event', async () => {
      const answer = await gateway.ask(query, news);
      expect(refused(answer)).toEqual({ status: 503, data: null, code: 'LEDGER_UNAVAILABLE' });
    });
    expect((await gateway.ask(query, news)).body.data.customer).toEqual({ id: '700', email: null });
  });
});

describe('the audit log', () => {
  const impossible = { status: 503, data: null, code: 'AUDIT_UNAVAILABLE' };

  it('that cannot be written means 503 and no data, and needs no restart', async () => {
    await whileGone('audit_entry', async () => {
      const answer = await gateway.ask(both, fulfil);
      expect(refused(answer)).toEqual(impossible);
      expect(answer.text).not.toMatch(/example\.com|points|withheld/);
      // Refusals leave an entry too.
      expect(refused(await gateway.ask(both))).toEqual(impossible);
      const said = await gateway.ask(
        'mutation { giveConsent(purpose: NEWS) { head customer { id email } } }',
        { ...news, subject: '5' },
      );
      expect(refused(said)).toEqual(impossible);
      expect(said.text).not.toContain('c5@example.com');
    });
    await expectAllThere();
  });

  it('that refuses rows means the same', async () => {
    const { knex } = gateway.own;
    await knex.raw('alter table audit_entry add constraint full_disk check (false) not valid');
    try {
      expect(refused(await gateway.ask(both, fulfil))).toEqual(impossible);
    } finally {
      await knex.raw('alter table audit_entry drop constraint full_disk');
    }
    await expectAllThere();
  });
});

describe('a change of mind', () => {
  const mine = '{ customer(id: "1") { id email orders { note } } }';
  const self = { ...news, subject: '1' };
  const say = (field: string) => gateway.ask(`mutation { ${field}(purpose: NEWS) { head } }`, self);

  it('while a query waits for a source is heeded by that very answer', async () => {
    await say('giveConsent');
    expect((await gateway.ask(mine, news)).body.data.customer.orders).toHaveLength(1);
    const answer = await whileLocked(source('shop'), 'orders', async (release) => {
      const asked = gateway.ask(mine, news);
      // Its first statement is done, its second waits.
      await somebodyWaits(source('shop'));
      expect((await say('withdrawConsent')).status).toBe(200);
      await release();
      return asked;
    });
    expect(answer.text).not.toMatch(/c1@example\.com|order of one/);
    expect(answer.body.data.customer).toEqual({ id: '1', email: null, orders: null });
  });

  it('while a mutation’s payload is read is heeded too', async () => {
    const answer = await whileLocked(source('shop'), 'orders', async (release) => {
      const asked = gateway.ask(
        'mutation { giveConsent(purpose: NEWS) { head customer { email orders { note } } } }',
        self,
      );
      await somebodyWaits(source('shop'));
      await say('withdrawConsent');
      await release();
      return asked;
    });
    expect(answer.text).not.toMatch(/c1@example\.com|order of one/);
    expect(refused(answer)).toEqual({ status: 503, data: null, code: 'CONSENT_MOVED' });
    expect((await lastLogged(gateway.own.knex)).outcome).toBe('CONSENT_MOVED');
  });

  it('counts at the very next query of another gateway over the same ledger', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'sayso-test-'));
    const second: App = await startApp({ ...gateway.config, port: 0, dataDir });
    try {
      const emailAtSecond = async (): Promise<unknown> => {
        const { body } = await second.server.inject({
          method: 'POST',
          url: '/graphql',
          headers: {
            authorization: `Bearer ${await gateway.token(news)}`,
            'sayso-purpose': 'NEWS',
          },
          payload: { query: mine },
        });
        return JSON.parse(body).data.customer.email;
      };
      for (let i = 0; i < 10; i += 1) {
        await say('giveConsent');
        expect(await emailAtSecond()).toBe('c1@example.com');
        await say(i % 2 === 0 ? 'withdrawConsent' : 'refuseConsent');
        expect(await emailAtSecond()).toBeNull();
      }
    } finally {
      await second.close();
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('what was written to the log meanwhile', () => {
  it('holds no value of any row', () => {
    expect(output.text()).not.toMatch(/example\.com|order of/);
    expect(output.text()).toContain('"code":"SOURCE_UNAVAILABLE","cause":"55000","source":"crm"');
  });
});
