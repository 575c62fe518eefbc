import { isDeepStrictEqual } from 'node:util';
import type { Load } from './load.ts';
import type { Team } from './measure.ts';
import {
  agreed,
  governedOfCustomer,
  governedOfOrder,
  ordersEach,
  sizes,
  type Size,
} from './shop.ts';

type Cells = Readonly<Record<string, unknown>>;
interface Customer extends Cells {
  readonly id: string;
  readonly orders: readonly Cells[];
}
interface Body {
  readonly data: { readonly customers: { readonly nodes: readonly Customer[] } };
  readonly errors?: unknown;
}

/** What a size's answers look like, once they are known to be right. */
export interface Checked {
  /** Bytes of each variant's answer. */
  readonly lengths: Readonly<Record<keyof Team, number>>;
  readonly governedCells: number;
  readonly withheldCells: number;
}

const bodyOf = (bytes: Buffer): Body => {
  const body = JSON.parse(bytes.toString()) as Body;
  if (body.errors !== undefined) throw new Error(`an answer has errors: ${bytes.toString()}`);
  return body;
};

/** The cells as they must be when the people named are asked: theirs, or null. */
const governed = (cells: Cells, fields: Readonly<Record<string, string>>, customer: number) =>
  Object.fromEntries(
    Object.entries(cells).map(([field, value]) => {
      const category = fields[field];
      return [field, category === undefined || agreed(customer, category) ? value : null];
    }),
  );

const expected = (customer: Customer): Cells => {
  const id = Number(customer.id);
  return {
    ...governed(customer, governedOfCustomer, id),
    orders: customer.orders.map((order) => governed(order, governedOfOrder, id)),
  };
};

const countOf = (nodes: readonly Cells[], wanted: (value: unknown) => boolean): number => {
  const count = (cells: Cells, fields: Readonly<Record<string, string>>): number =>
    Object.keys(fields).filter((field) => wanted(cells[field])).length;
  return nodes
    .map((node) =>
      (node['orders'] as readonly Cells[]).reduce(
        (sum, order) => sum + count(order, governedOfOrder),
        count(node, governedOfCustomer),
      ),
    )
    .reduce((sum, one) => sum + one, 0);
};

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`the variants do not answer alike: ${what}`);
};

const checkSize = async (load: Load, team: Team, size: Size): Promise<Checked> => {
  const off = await load.ask(team.off, size);
  const again = await load.ask(team.again, size);
  const measured = await load.ask(team.governed, size);
  const everything = await load.ask(team.governed, size, 'everything');
  must(off.equals(again), `${size}: the ungoverned one and its twin differ`);
  const { nodes } = bodyOf(off).data.customers;
  must(nodes.length === size, `${size}: ${nodes.length} customers`);
  must(
    nodes.every(({ orders }) => orders.length === ordersEach),
    `${size}: not ${ordersEach} orders each`,
  );
  must(
    JSON.stringify(bodyOf(everything).data) === JSON.stringify(bodyOf(off).data),
    `${size}: governed data differ where everything is released`,
  );
  const shown = bodyOf(measured).data.customers.nodes;
  must(
    isDeepStrictEqual(shown, nodes.map(expected)),
    `${size}: governed data are not the ungoverned without what people withhold`,
  );
  return {
    lengths: { governed: measured.length, off: off.length, again: again.length },
    governedCells: countOf(nodes, () => true),
    withheldCells: countOf(shown, (value) => value === null),
  };
};

/** Asks every variant for every size. @throws when they do not answer alike */
export const checkAnswers = async (
  load: Load,
  team: Team,
): Promise<Readonly<Record<Size, Checked>>> => {
  const checked: Partial<Record<Size, Checked>> = {};
  for (const size of sizes) checked[size] = await checkSize(load, team, size);
  return checked as Record<Size, Checked>;
};
