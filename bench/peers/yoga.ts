import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import type { StartPeer } from './peer.ts';
import { openShop } from './shop-rows.ts';
import { contextOf, resolvers, typeDefs, type Context } from './shop-schema.ts';

/** GraphQL Yoga on Node's own HTTP server, with its defaults but for pages for people. */
export const start: StartPeer = async ({ shopUrl }) => {
  const shop = openShop(shopUrl);
  const yoga = createYoga({
    schema: createSchema<Context>({ typeDefs, resolvers }),
    context: () => contextOf(shop),
    landingPage: false,
    graphiql: false,
  });
  // Yoga is a listener of Node's server; that it gives a promise is its own affair.
  const server = createServer((request, response) => void yoga(request, response));
  // As Fastify has it: the others’ turns between two of its own take longer than Node’s five seconds.
  server.keepAliveTimeout = 72_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address of that kind.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await shop.close();
    },
  };
};
