import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    MAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [MAIL])
  }
  type Product @table(source: "shop", name: "product") {
    id: ID!
    name: String
    thrown: String @derived(from: ["name"])
    returned: String @derived(from: ["name"])
    later: String @derived(from: ["name"])
    laterReturned: String @derived(from: ["name"])
    now: String! @derived(from: ["name"])
    needed: String! @derived(from: ["name"])
  }
`;
const shop = `
  create table product (id int primary key, name text);
  insert into product values (1, 'a'), (2, 'b');
`;
/** Libraries that check values tell so where in a value a fault is. */
const resolvers = `
  const fault = (name) => Object.assign(new TypeError('of ' + name), { path: ['of', name] });
  const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
  export const resolvers = {
    Product: {
      thrown: ({ name }) => { throw fault(name); },
      returned: ({ name }) => fault(name),
      later: async ({ name }) => { await soon(); throw fault(name); },
      laterReturned: async ({ name }) => { await soon(); return fault(name); },
      now: ({ name }) => { if (name === 'b') throw new Error('at once'); return name; },
      needed: async ({ name }) => { await soon(); throw fault(name); },
    },
  };
`;

describe('an error of a derived field that has a `path` of its own', () => {
  let gateway: TestGateway;
  const folder = mkdtempSync(join(tmpdir(), 'sayso-test-'));
  beforeAll(async () => {
    const file = join(folder, 'resolvers.mjs');
    writeFileSync(file, resolvers);
    gateway = await startTestGateway({ schema, sources: { shop }, resolvers: file });
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(['thrown', 'returned', 'later', 'laterReturned'])(
    'is told at its place, and of that place alone: %s',
    async (field) => {
      const { status, body } = await gateway.ask(`{ product(id: 1) { id ${field} } }`);
      expect(status).toBe(200);
      expect(body.data.product).toEqual({ id: '1', [field]: null });
      expect(body.errors).toMatchObject([
        { path: ['product', field], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      ]);
      expect(JSON.stringify(body.errors)).not.toContain('of a');
    },
  );

  it('does not end the process where graphql-js has left it behind', async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push((reason as Error).name);
    process.on('unhandledRejection', hear);
    try {
      // The first product waits, and the second fails at once.
      const { body } = await gateway.ask('{ products(first: 2) { nodes { now needed } } }');
      expect(body.data).toEqual({ products: null });
      await sleep(60);
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(new Set(unheard)).toEqual(new Set(['GraphQLError']));
  });
});
