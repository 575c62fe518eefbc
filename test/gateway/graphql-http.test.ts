import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../setup/gateway.ts';

const schema = /* GraphQL */ `
  enum Category {
    EMAIL @category
  }
  enum Purpose {
    NEWS @purpose(covers: [EMAIL])
  }
  type Customer @table(source: "shop", name: "customer") @subject(id: "id") {
    id: ID! @open(because: "surrogate key")
    email: String @shield(category: EMAIL)
  }
`;
const shop = 'create table customer (id int primary key, email text);';

let gateway: TestGateway;
let authorization: string;

/**
 * Where we differ from a SHOULD on purpose: an operation that is refused before it runs is a 400
 * whatever media type the client accepts, so that a status tells it also to those who read no body.
 */
const differing: Readonly<Record<string, string>> = {
  '572B': 'a document that does not parse',
  FDE2: 'a document that is not valid',
  '7B9B': 'variables that do not fit',
};

// Registered before there is a server, so both are asked for when an audit runs.
const audits = serverAudits({
  url: () => `${gateway.app.url}/graphql`,
  fetchFn: (url: string, init: RequestInit = {}) =>
    fetch(url, {
      ...init,
      // What a GET without a body needs to show that no form on another site has sent it.
      headers: { ...(init.headers as object), authorization, 'apollo-require-preflight': 'true' },
    }),
});

beforeAll(async () => {
  gateway = await startTestGateway({ schema, sources: { shop } });
  authorization = `Bearer ${await gateway.token({ purpose: 'NEWS' })}`;
});
afterAll(async () => {
  await gateway.close();
});

describe('GraphQL over HTTP, by the audit suite of graphql-http', () => {
  it.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))(
    '%s',
    async (_name, audit) => {
      const result = await audit.fn();
      const reason = 'reason' in result ? result.reason : undefined;
      expect({ status: result.status, reason }).toEqual(
        audit.id in differing
          ? { status: 'warn', reason: 'Response status code is not 200' }
          : { status: 'ok', reason: undefined },
      );
    },
  );
});
