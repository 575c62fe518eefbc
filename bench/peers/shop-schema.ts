import type DataLoader from 'dataloader';
import type { Customer, Order, Shop } from './shop-rows.ts';

/** As much of the bench's schema as its query needs, without what governs it. */
export const typeDefs = `
  scalar Date
  scalar Decimal

  type Query {
    customers(first: Int): CustomerConnection!
  }
  type CustomerConnection {
    nodes: [Customer!]!
  }
  type Customer {
    id: ID!
    name: String
    email: String
    phone: String
    birthDate: Date
    city: String
    tier: String
    language: String
    currency: String
    joinedOn: Date
    orders: [Order!]!
  }
  type Order {
    id: ID!
    placedOn: Date
    total: Decimal
  }
`;

/** Made anew for every request. */
export interface Context {
  readonly shop: Shop;
  readonly orders: DataLoader<number, readonly Order[]>;
}

export const contextOf = (shop: Shop): Context => ({ shop, orders: shop.ordersByCustomer() });

/** Columns have their fields' names, so that all others are read by the executor's default. */
export const resolvers = {
  Query: {
    customers: (_parent: unknown, { first }: { readonly first?: number }, { shop }: Context) =>
      shop.customers(first ?? 20).then((nodes) => ({ nodes })),
  },
  Customer: {
    orders: ({ id }: Customer, _args: unknown, { orders }: Context) => orders.load(id),
  },
};
