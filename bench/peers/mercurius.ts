import Fastify from 'fastify';
import mercurius from 'mercurius';
import type { StartPeer } from './peer.ts';
import { openShop } from './shop-rows.ts';
import { contextOf, resolvers, typeDefs } from './shop-schema.ts';

/** Mercurius with its defaults, and perhaps its compiler of queries. */
export const startMercurius = async (
  shopUrl: string,
  options: { readonly jit?: number },
): ReturnType<StartPeer> => {
  const shop = openShop(shopUrl);
  const fastify = Fastify();
  await fastify.register(mercurius, {
    schema: typeDefs,
    // Its types know parents as anything only.
    resolvers: resolvers as never,
    context: () => contextOf(shop),
    ...options,
  });
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    close: async () => {
      await fastify.close();
      await shop.close();
    },
  };
};

export const start: StartPeer = ({ shopUrl }) => startMercurius(shopUrl, {});
