import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
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

/** Sends a text over a connection of its own. */
const sendTo = (gateway: TestGateway, text: string): Socket => {
  const { port } = gateway.app.server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(text);
  return socket;
};

/** @param more bytes that are said to come, and do not */
const postOf = (token: string, query: string, more = 0): string => {
  const body = JSON.stringify({ query });
  return [
    'POST /graphql HTTP/1.1',
    'Host: sayso',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body) + more}`,
    '',
    body,
  ].join('\r\n');
};

/** Longer than what the system takes for its reader. */
const long = '{ products(first: 1000) { nodes { name } } }';

it('lets requests finish, and does not wait for those that never do', async () => {
  const gateway = await startTestGateway({ schema, sources: { shop }, shadow: 0 });
  const token = await gateway.token({});
  const never = [
    sendTo(gateway, 'POST /graphql HTTP/1.1\r\nHost: say'),
    sendTo(gateway, postOf(token, '{ products { nodes { id } } }', 1)),
    sendTo(gateway, postOf(token, long)).pause(),
  ];
  await sleep(500);
  let told = '';
  const late = sendTo(gateway, postOf(token, '{ slows { nodes { n } } }'));
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

it('ends with the last request, whoever would keep a connection open for another', async () => {
  const gateway = await startTestGateway({ schema, sources: { shop }, shadow: 0 });
  const token = await gateway.token({});
  let told = '';
  const busy = sendTo(gateway, postOf(token, '{ slows { nodes { n } } }'));
  busy.on('data', (bytes: Buffer) => (told += bytes.toString()));
  await sleep(200);
  const begin = performance.now();
  await gateway.close();
  // A second for the answer; cut by force it would be ten.
  expect(performance.now() - begin).toBeLessThan(7_000);
  expect(told).toContain('{"n":2}');
  busy.destroy();
});

it('does not keep a long answer for ever for whoever takes none of it', async () => {
  const gateway = await startTestGateway({ schema, sources: { shop }, shadow: 0 });
  const token = await gateway.token({});
  const { server } = gateway.app.server;
  const ask = async (query: string): Promise<number | undefined> => {
    const socket = sendTo(gateway, postOf(token, query)).pause();
    const [ours] = (await once(server, 'connection')) as [Socket];
    // As long as it was not answered there is none.
    for (let tries = 0; !ours.timeout && tries < 200; tries += 1) await sleep(50);
    await sleep(200);
    const { timeout } = ours;
    socket.destroy();
    return timeout;
  };
  try {
    // Taken as a whole by the system: it is kept alive for the next request.
    expect(await ask('{ products(first: 1) { nodes { id } } }')).toBeLessThan(120_000);
    expect(await ask(long)).toBe(120_000);
  } finally {
    await gateway.close();
  }
});
