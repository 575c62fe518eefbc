import { generateDepartments, generateProductPairs, makeGoods } from './generate-catalog.ts';
import { generateBoughtProfiles, generateLoyaltyMembers } from './generate-crm.ts';
import { generateCustomers } from './generate-customers.ts';
import { generatePurchases } from './generate-purchases.ts';
import {
  boughtProfiles,
  customers,
  departments,
  loyaltyMembers,
  orderLines,
  orders,
  productPairs,
  products,
  reviews,
  type Table,
} from './shop-tables.ts';

/** One generated row and the table it is for. */
export interface GeneratedRow {
  readonly table: string;
  readonly row: Readonly<Record<string, unknown>>;
}

// Only here does a row meet its table, so that the two are known to fit.
const of = <Row extends object>({ name }: Table<Row>, row: Row): GeneratedRow => ({
  table: name,
  row: row as Readonly<Record<string, unknown>>,
});

/** All rows of one source, one by one: the same on every machine and every day. */
export const generateSource = (source: 'shop' | 'crm'): Generator<GeneratedRow> =>
  source === 'shop' ? shopRows() : crmRows();

function* shopRows(): Generator<GeneratedRow> {
  for (const row of generateDepartments()) yield of(departments, row);
  for (const { row } of makeGoods()) yield of(products, row);
  for (const row of generateProductPairs()) yield of(productPairs, row);
  for (const row of generateCustomers()) yield of(customers, row);
  for (const purchase of generatePurchases()) {
    yield of(orders, purchase.order);
    for (const line of purchase.lines) yield of(orderLines, line);
    for (const review of purchase.reviews) yield of(reviews, review);
  }
}

function* crmRows(): Generator<GeneratedRow> {
  for (const row of generateLoyaltyMembers()) yield of(loyaltyMembers, row);
  for (const row of generateBoughtProfiles()) yield of(boughtProfiles, row);
}
