import { isDeepStrictEqual } from 'node:util';
import type { Member } from './members.ts';
import {
  agreed,
  governedOfCustomer,
  governedOfOrder,
  ordersEach,
  sizes,
  type purposes,
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
  readonly lengths: ReadonlyMap<Member, number>;
  readonly governedCells: number;
  readonly withheldCells: number;
}

/** Gets the body of a variant's answer. */
export type AskMember = (
  member: Member,
  size: Size,
  purpose: keyof typeof purposes,
) => Promise<Buffer>;

const bodyOf = (bytes: Buffer, who: string): Body => {
  const text = bytes.toString();
  const body = JSON.parse(text) as Body;
  if (body.errors !== undefined)
    throw new Error(`an answer of ${who} has errors: ${text.slice(0, 500)}`);
  return body;
};

/** The data alone: what stands around them is each server's own affair. */
const dataOf = (bytes: Buffer, who: string): string => JSON.stringify(bodyOf(bytes, who).data);

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

/** Whoever governs nothing gives what `off` gives; shield withholds what the governed one does. */
const checkAlike = (
  size: Size,
  answers: ReadonlyMap<Member, Buffer>,
  off: string,
  measured: string,
): void => {
  for (const [member, bytes] of answers) {
    const governs = member === 'governed' || member === 'shield';
    must(
      dataOf(bytes, member) === (governs ? measured : off),
      `${size}: the data of \`${member}\` differ from those of \`${governs ? 'governed' : 'off'}\``,
    );
  }
};

const checkSize = async (ask: AskMember, team: readonly Member[], size: Size): Promise<Checked> => {
  const answers = new Map<Member, Buffer>();
  for (const member of team) answers.set(member, await ask(member, size, 'measured'));
  const of = (member: Member): Buffer => {
    const bytes = answers.get(member);
    if (!bytes) throw new Error(`\`${member}\` was not asked`);
    return bytes;
  };
  const off = of('off');
  const measured = of('governed');
  checkAlike(size, answers, dataOf(off, 'off'), dataOf(measured, 'governed'));
  const { nodes } = bodyOf(off, 'off').data.customers;
  must(nodes.length === size, `${size}: ${nodes.length} customers`);
  must(
    nodes.every(({ orders }) => orders.length === ordersEach),
    `${size}: not ${ordersEach} orders each`,
  );
  must(
    dataOf(await ask('governed', size, 'everything'), 'governed') === dataOf(off, 'off'),
    `${size}: governed data differ where everything is released`,
  );
  const shown = bodyOf(measured, 'governed').data.customers.nodes;
  must(
    isDeepStrictEqual(shown, nodes.map(expected)),
    `${size}: governed data are not the ungoverned without what people withhold`,
  );
  return {
    lengths: new Map([...answers].map(([member, { length }]) => [member, length])),
    governedCells: countOf(nodes, () => true),
    withheldCells: countOf(shown, (value) => value === null),
  };
};

/**
 * Asks every variant of the team, `governed` and `off` among them, for every size.
 * @throws when they do not answer alike
 */
export const checkAnswers = async (
  ask: AskMember,
  team: readonly Member[],
): Promise<Readonly<Record<Size, Checked>>> => {
  const checked: Partial<Record<Size, Checked>> = {};
  for (const size of sizes) checked[size] = await checkSize(ask, team, size);
  // Every size has just been checked.
  return checked as Record<Size, Checked>;
};
