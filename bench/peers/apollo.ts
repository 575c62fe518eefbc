import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import Fastify from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { StartPeer } from './peer.ts';
import { openShop } from './shop-rows.ts';
import { contextOf, resolvers, typeDefs, type Context } from './shop-schema.ts';

/** Apollo Server on Fastify; with a schema of its own, or the bench's. */
export const startApollo = async (
  shopUrl: string,
  schema?: GraphQLSchema,
): ReturnType<StartPeer> => {
  const shop = openShop(shopUrl);
  const fastify = Fastify();
  const plugins = [fastifyApolloDrainPlugin(fastify)];
  const apollo = new ApolloServer<Context>(
    schema ? { schema, plugins } : { typeDefs, resolvers, plugins },
  );
  await apollo.start();
  await fastify.register(fastifyApollo(apollo), {
    context: () => Promise.resolve(contextOf(shop)),
  });
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    close: async () => {
      // Apollo's drain plugin closes the HTTP server.
      await apollo.stop();
      await shop.close();
    },
  };
};

/** Apollo Server with its defaults. */
export const start: StartPeer = ({ shopUrl }) => startApollo(shopUrl);
