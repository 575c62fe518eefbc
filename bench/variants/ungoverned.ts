import DataLoader from 'dataloader';
import { execute, isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { createHttpServer } from '../../src/gateway/http-server.ts';
import { attachScalars } from '../../src/gateway/scalars.ts';
import { createVerifier } from '../../src/identity/verify-token.ts';
import { loadPolicy } from '../../src/load-policy.ts';
import type { ReadPlan } from '../../src/policy/plan.ts';
import type { Row } from '../../src/sources/source.ts';
import { SqlSource } from '../../src/sources/sql/sql-source.ts';
import { configFor } from '../config-for.ts';
import { customerFields, orderFields } from '../shop.ts';
import type { StartVariant } from '../variant.ts';

type Fields = typeof customerFields | typeof orderFields;
type Item = Readonly<Record<string, unknown>>;

/** Made anew for every request, like the product's. */
interface Context {
  readonly orders: DataLoader<string, readonly Item[]>;
}

type Resolver<Parent> = GraphQLFieldResolver<Parent, Context>;

const readOf = (type: string, table: string, fields: Fields): ReadPlan => ({
  type,
  source: 'shop',
  table,
  key: ['id'],
  columns: fields.map(([, column]) => column),
});

const customers = readOf('Customer', 'customers', customerFields);
const orders = readOf('Order', 'orders', orderFields);

const itemOf = ({ values }: Row, fields: Fields): Item => {
  const item: Record<string, unknown> = {};
  for (let i = 0; i < fields.length; i += 1) item[fields[i]?.[0] ?? ''] = values[i];
  return item;
};

const attach = <Parent>(
  schema: GraphQLSchema,
  type: string,
  resolvers: Readonly<Record<string, Resolver<Parent>>>,
): void => {
  const object = schema.getType(type);
  for (const [name, resolve] of Object.entries(resolvers)) {
    const field = isObjectType(object) ? object.getFields()[name] : undefined;
    if (!field) throw new Error(`the schema has no ${type}.${name}`);
    field.resolve = resolve as Resolver<unknown>;
  }
};

const readers = (fields: Fields): Readonly<Record<string, Resolver<Item>>> =>
  Object.fromEntries(fields.map(([name]) => [name, (item: Item) => item[name]]));

const ordersOf =
  (source: SqlSource) =>
  async (ids: readonly string[]): Promise<(readonly Item[])[]> => {
    const tuples = ids.map((id) => [id]);
    const rows = await source.fetch(orders, { by: 'equal', columns: ['customer_id'], tuples });
    const byCustomer = new Map<string, Item[]>();
    for (const row of rows) {
      const id = String(row.values[orderFields.length]);
      const group = byCustomer.get(id);
      if (group) group.push(itemOf(row, orderFields));
      else byCustomer.set(id, [itemOf(row, orderFields)]);
    }
    return ids.map((id) => byCustomer.get(id) ?? []);
  };

const attachResolvers = (schema: GraphQLSchema, source: SqlSource): void => {
  attach(schema, 'Query', {
    customers: (_parent, { first }: { readonly first?: number }) =>
      source.fetch(customers, { by: 'page', limit: (first ?? 20) + 1 }).then((rows) => ({
        rows: rows.slice(0, first),
      })),
  });
  attach<{ readonly rows: readonly Row[] }>(schema, 'CustomerConnection', {
    nodes: ({ rows }) => rows.map((row) => itemOf(row, customerFields)),
  });
  attach<Item>(schema, 'Customer', {
    ...readers(customerFields),
    orders: ({ id }, _args, context) => context.orders.load(String(id)),
  });
  attach<Item>(schema, 'Order', readers(orderFields));
};

/**
 * The product's twin with governance left out: the same server, limits, token check, schema, SQL,
 * batching and graphql-js, and resolvers that read rows as they come. No purpose, no plan, no
 * ledger, no decisions, no audit. It is wired here and nowhere in the product.
 */
export const startUngoverned: StartVariant = async (place) => {
  const config = configFor(place);
  const { policy } = await loadPolicy(config);
  const { schema } = policy;
  const source = new SqlSource({
    name: 'shop',
    connection: { connectionString: place.shopUrl },
    schema: 'public',
    poolSize: 10,
    timeoutMs: 60_000,
    maxRows: config.limits.maxRows,
  });
  attachScalars(schema);
  attachResolvers(schema, source);
  const server = await createHttpServer({
    config,
    schema,
    purposes: [],
    verify: createVerifier(config.identity),
    logger: pino({ level: 'silent' }),
    isReady: () => Promise.resolve({}),
    pipeline: async ({ document, operationName, variables }) =>
      execute({
        schema,
        document,
        operationName,
        variableValues: variables,
        contextValue: { orders: new DataLoader(ordersOf(source)) } satisfies Context,
      }),
  });
  const url = await server.listen({ host: config.host, port: config.port });
  return {
    url,
    close: async () => {
      await server.close();
      await source.close();
    },
  };
};
