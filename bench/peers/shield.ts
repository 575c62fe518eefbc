import { makeExecutableSchema } from '@graphql-tools/schema';
import { applyMiddleware } from 'graphql-middleware';
import { rule, shield } from 'graphql-shield';
import { agreed, customerCount, governedOfCustomer, governedOfOrder } from '../shop.ts';
import { startApollo } from './apollo.ts';
import type { StartPeer } from './peer.ts';
import { resolvers, typeDefs } from './shop-schema.ts';

const categories = [...Object.values(governedOfCustomer), ...Object.values(governedOfOrder)];

/** By category who said yes to it: all say-so in memory, without a ledger to ask. */
const saidYes: ReadonlyMap<string, ReadonlySet<number>> = new Map(
  categories.map((category) => [
    category,
    new Set(
      Array.from({ length: customerCount }, (_, i) => i + 1).filter((id) => agreed(id, category)),
    ),
  ]),
);

type Parent = Readonly<Record<'id' | 'customerId', number>>;

/** A rule for each governed field; `key` names the customer whose say-so counts. */
const rulesFor = (fields: Readonly<Record<string, string>>, key: keyof Parent) =>
  Object.fromEntries(
    Object.entries(fields).map(([field, category]) => {
      const yes = saidYes.get(category);
      const passes = (parent: Parent) => yes?.has(parent[key]) === true;
      return [field, rule()(passes)];
    }),
  );

/** The bench's rules by hand, as shield's documentation has them: a field that fails is null. */
export const start: StartPeer = ({ shopUrl }) => {
  const permissions = shield(
    {
      Customer: rulesFor(governedOfCustomer, 'id'),
      Order: rulesFor(governedOfOrder, 'customerId'),
    },
    { fallbackError: () => null as never },
  );
  const schema = makeExecutableSchema({ typeDefs, resolvers });
  return startApollo(shopUrl, applyMiddleware(schema, permissions));
};
