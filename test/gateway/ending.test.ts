import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startTestGateway } from '../setup/gateway.ts';

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
  }
  type Slow @table(source: "shop", name: "slow") {
    id: ID!
    n: Int
  }
`;
const shop = `
  create table product (id int primary key, name text);
  insert into product select n, repeat('x', 20000) from generate_series(1, 1000) n;
  create function slowly(x int) returns int language plpgsql volatile as
    $$ begin perform pg_sleep(1); return x; end $$;
  create view slow as select 1 as id, slowly(2) as n;
`;

it('lets requests finish, and does not wait for those that never do', async () => {
  const gateway = await startTestGateway({ schema, sources: { shop }, shadow: 0 });
  const token = await gateway.token({});
  const { port } = gateway.app.server.server.address() as AddressInfo;
  const send = (text: string): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(text);
    return socket;
  };
  const post = (query: string, more = 0): Socket => {
    const body = JSON.stringify({ query });
    const length = Buffer.byteLength(body) + more;
    return send(
      `POST /graphql HTTP/1.1\r\nHost: sayso\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
  };
  const never = [
    send('POST /graphql HTTP/1.1\r\nHost: say'),
    post('{ products { nodes { id } } }', 1),
    // Whose answer is longer than what the system takes for it.
    post('{ products(first: 1000) { nodes { name } } }').pause(),
  ];
  await sleep(500);
  let told = '';
  const late = post('{ slows { nodes { n } } }');
  late.on('data', (bytes: Buffer) => (told += bytes.toString()));
  await sleep(100);
  const begin = performance.now();
  const closed = gateway.close();
  await once(late, 'close');
  expect(told).toContain('{"n":2}');
  await closed;
  expect(performance.now() - begin).toBeLessThan(20_000);
  for (const socket of never) socket.destroy();
});
