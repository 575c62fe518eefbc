import DataLoader from 'dataloader';
import knexOf from 'knex';
import pg from 'pg';

export interface Customer {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly birthDate: string;
  readonly city: string;
  readonly tier: string;
  readonly language: string;
  readonly currency: string;
  readonly joinedOn: string;
}

export interface Order {
  readonly id: number;
  readonly customerId: number;
  readonly placedOn: string;
  readonly total: string;
}

/** The shop's tables, read the way a team that writes its resolvers by hand reads them. */
export interface Shop {
  customers(first: number): Promise<readonly Customer[]>;
  /** A loader that belongs to one request. */
  ordersByCustomer(): DataLoader<number, readonly Order[]>;
  close(): Promise<void>;
}

/** A date is a day: as text, without a detour over a moment in some zone. */
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

export const openShop = (url: string): Shop => {
  const knex = knexOf({ client: 'pg', connection: url, pool: { min: 0, max: 10 } });
  const ordersOf = async (ids: readonly number[]): Promise<(readonly Order[])[]> => {
    const rows: readonly Order[] = await knex('orders')
      .select('id', 'customer_id as customerId', 'placed_on as placedOn', 'total')
      .whereRaw('customer_id = any(?)', [[...ids]])
      .orderBy('id');
    const byCustomer = new Map<number, Order[]>(ids.map((id) => [id, []]));
    for (const row of rows) byCustomer.get(row.customerId)?.push(row);
    return ids.map((id) => byCustomer.get(id) ?? []);
  };
  return {
    customers: async (first) =>
      knex('customers')
        .select('id', 'name', 'email', 'phone', 'birth_date as birthDate', 'city', 'tier')
        .select('language', 'currency', 'joined_on as joinedOn')
        .orderBy('id')
        .limit(first),
    ordersByCustomer: () => new DataLoader(ordersOf),
    close: () => knex.destroy(),
  };
};
