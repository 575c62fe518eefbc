import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateSource, type GeneratedRow } from '../../src/sample/generate-shop.ts';
import { sampleCounts, sampleVersion } from '../../src/sample/load-shop.ts';
import { sampleNow } from '../../src/sample/sample-clock.ts';
import {
  sampleTables,
  type BoughtProfileRow,
  type CustomerRow,
  type LoyaltyRow,
  type OrderLineRow,
  type OrderRow,
  type ReviewRow,
} from '../../src/sample/shop-tables.ts';

const all = function* (): Generator<GeneratedRow> {
  yield* generateSource('shop');
  yield* generateSource('crm');
};

const made = new Map<string, Record<string, unknown>[]>();
for (const { table, row } of all()) {
  const rows = made.get(table);
  if (rows) rows.push(row);
  else made.set(table, [row]);
}
const rowsOf = (table: string) => made.get(table) ?? [];
// The generator is typed by these row types; only its stream is not.
const customers = rowsOf('customers') as unknown as CustomerRow[];
const orders = rowsOf('orders') as unknown as OrderRow[];
const orderLines = rowsOf('order_lines') as unknown as OrderLineRow[];
const reviews = rowsOf('reviews') as unknown as ReviewRow[];
const loyal = rowsOf('loyalty_members') as unknown as LoyaltyRow[];
const bought = rowsOf('bought_profiles') as unknown as BoughtProfileRow[];

const hashOf = (rows: Iterable<GeneratedRow>): string => {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(JSON.stringify(row));
  return hash.digest('hex');
};

const cents = (amount: string): number => Number(amount.replace('.', ''));

describe('the generated shop', () => {
  it('is the same on every machine and every day', () => {
    const hash = hashOf(all());
    // When this changes on purpose, `sampleVersion` must change with it.
    expect({ version: sampleVersion, hash }).toEqual({
      version: '2',
      hash: 'e81ff0c22aba1c5438f44d3373f8a79437e6c54c347bc037c9999fd025040bad',
    });
  });

  it('has as many rows as progress promises', () => {
    const counts = [...made].map(([table, rows]) => [table, rows.length]);
    expect(Object.fromEntries(counts)).toEqual(sampleCounts);
  });

  it('has 24,000 customers, numbered from 1, in 23 countries', () => {
    expect(customers.map(({ id }) => id)).toEqual(Array.from({ length: 24_000 }, (_, i) => i + 1));
    expect(new Set(customers.map(({ country }) => country)).size).toBe(23);
  });

  it('has e-mail addresses that reach nobody, one each', () => {
    const emails = customers.map(({ email }) => email);
    expect(
      emails.filter((e) => !/^[a-z]+(\.[a-z]+)?\.\d+@example\.(com|org|net)$/.test(e)),
    ).toEqual([]);
    expect(new Set(emails).size).toBe(emails.length);
  });

  it('leaves some things out, as people do', () => {
    const share = (has: (customer: CustomerRow) => unknown) =>
      customers.filter((customer) => has(customer) === null).length / customers.length;
    expect(share(({ phone }) => phone)).toBeCloseTo(0.15, 1);
    expect(share(({ birth_date }) => birth_date)).toBeCloseTo(0.2, 1);
    expect(share(({ residence }) => residence)).toBeCloseTo(0.01, 2);
    expect(share(({ referred_by }) => referred_by)).toBeCloseTo(0.9, 1);
  });

  it('names the place where law differs: a part of the US or Canada, the country elsewhere', () => {
    const divided = ['US', 'CA'];
    const odd = customers.filter(({ country, residence }) => {
      if (residence === null) return false;
      return divided.includes(country)
        ? !residence.startsWith(`${country}-`)
        : residence !== country;
    });
    expect(odd).toEqual([]);
  });

  it('has two to three orders a customer, most of them by few', () => {
    const each = new Map<number, number>();
    for (const { customer_id } of orders) each.set(customer_id, (each.get(customer_id) ?? 0) + 1);
    expect(orders.length / customers.length).toBeGreaterThan(2);
    expect(orders.length / customers.length).toBeLessThan(3);
    expect(each.size / customers.length).toBeLessThan(0.85);
    expect(Math.max(...each.values())).toBeGreaterThan(15);
    expect(each.get(42)).toBeGreaterThan(0);
  });

  it('charges what the lines add up to', () => {
    const sums = new Map<number, number>();
    for (const line of orderLines) {
      const sum = sums.get(line.order_id) ?? 0;
      sums.set(line.order_id, sum + line.quantity * cents(line.unit_price));
    }
    expect(orders.filter(({ id, total }) => sums.get(id) !== cents(total))).toEqual([]);
  });

  it('has nobody older in our books than on earth, and nothing from the future', () => {
    const registered = new Map(customers.map(({ id, registered_at }) => [id, registered_at]));
    const now = new Date(sampleNow).toISOString();
    const odd = orders.filter(
      ({ customer_id, placed_at }) => placed_at < registered.get(customer_id)! || placed_at >= now,
    );
    expect(odd).toEqual([]);
    expect(reviews.filter(({ written_at }) => written_at >= now)).toEqual([]);
    const births = customers.map(({ birth_date }) => birth_date).filter((day) => day !== null);
    expect(births.every((day) => day > '1938' && day < '2007-07-01')).toBe(true);
  });

  it('refers only to rows that exist', () => {
    const keys = new Map(
      sampleTables.map(({ name, key }) => [
        name as string,
        new Set(rowsOf(name).map((row) => row[key[0] ?? ''])),
      ]),
    );
    for (const { name, columns } of sampleTables) {
      for (const [column, about] of Object.entries(columns)) {
        const to = (about as { references?: string }).references;
        if (to === undefined) continue;
        const lost = rowsOf(name).filter(
          (row) => row[column] !== null && !keys.get(to)?.has(row[column]),
        );
        expect(lost, `${name}.${column}`).toEqual([]);
      }
    }
    expect(customers.filter(({ id, referred_by }) => referred_by === id)).toEqual([]);
  });

  it('has loyalty for six in ten and bought profiles for seven in ten', () => {
    expect(Math.abs(loyal.length / customers.length - 0.6)).toBeLessThan(0.01);
    expect(Math.abs(bought.length / customers.length - 0.7)).toBeLessThan(0.01);
    const ids = [...loyal, ...bought].map(({ customer_id }) => customer_id);
    expect(ids.filter((id) => id < 1 || id > 24_000)).toEqual([]);
  });
});
