import { describe, expect, it } from 'vitest';
import { checkAnswers, type AskMember } from '../../bench/check-answers.ts';
import { members, type Member } from '../../bench/members.ts';
import {
  agreed,
  customerFields,
  governedOfCustomer,
  governedOfOrder,
  orderFields,
  type Size,
} from '../../bench/shop.ts';

type Cells = Record<string, unknown>;

const cellsOf = (fields: readonly (readonly [string, string])[], id: number): Cells =>
  Object.fromEntries(
    fields.map(([field]) => [field, field === 'id' ? String(id) : `${field} ${id}`]),
  );

const customersOf = (size: Size): Cells[] =>
  Array.from({ length: size }, (_, i) => ({
    ...cellsOf(customerFields, i + 1),
    orders: [0, 1, 2].map((order) => cellsOf(orderFields, 3 * i + order + 1)),
  }));

const withhold = (cells: Cells, fields: Readonly<Record<string, string>>, id: number): Cells =>
  Object.fromEntries(
    Object.entries(cells).map(([field, value]) => {
      const category = fields[field];
      return [field, category === undefined || agreed(id, category) ? value : null];
    }),
  );

const withheldOf = (customers: readonly Cells[]): Cells[] =>
  customers.map((customer) => {
    const id = Number(customer['id']);
    return {
      ...withhold(customer, governedOfCustomer, id),
      orders: (customer['orders'] as Cells[]).map((one) => withhold(one, governedOfOrder, id)),
    };
  });

/** Answers as they must be, but for what is done to those of one member. */
const asker =
  (spoilt?: Member, spoil: (nodes: Cells[]) => unknown = (nodes) => nodes): AskMember =>
  (member, size, purpose) => {
    const governs = member === 'governed' || member === 'shield';
    const all = customersOf(size);
    const nodes = governs && purpose === 'measured' ? withheldOf(all) : all;
    const data = { customers: { nodes: member === spoilt ? spoil(nodes) : nodes } };
    const around = member === 'governed' ? { extensions: { sayso: {} } } : {};
    return Promise.resolve(Buffer.from(JSON.stringify({ data, ...around })));
  };

const other = (nodes: Cells[]): Cells[] => nodes.map((node) => ({ ...node, tier: 'other' }));

describe('answers of all variants', () => {
  it('are right when they are alike but for what people withhold', async () => {
    const checked = await checkAnswers(asker(), members);
    expect([...checked[100].lengths.keys()]).toEqual(members);
    expect(checked[1_000].governedCells).toBe(8_000);
    const share = checked[1_000].withheldCells / checked[1_000].governedCells;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
  });

  it.each(members)('fail the run when those of `%s` differ', async (member) => {
    const answer = checkAnswers(asker(member, other), members);
    await expect(answer).rejects.toThrow('the variants do not answer alike');
  });

  it.each(members)('fail the run when `%s` gives keys in another order', async (member) => {
    const turned = (nodes: Cells[]): Cells[] =>
      nodes.map((node) => Object.fromEntries(Object.entries(node).reverse()));
    const answer = checkAnswers(asker(member, turned), members);
    await expect(answer).rejects.toThrow('the variants do not answer alike');
  });

  it.each(['governed', 'shield'] as const)('fail the run when `%s` withholds nothing', (member) =>
    expect(
      checkAnswers(
        asker(member, (nodes) => customersOf(nodes.length as Size)),
        members,
      ),
    ).rejects.toThrow('the variants do not answer alike'),
  );

  it('fail the run when one has errors beside its data', async () => {
    const ask: AskMember = async (member, size, purpose) => {
      const body = JSON.parse((await asker()(member, size, purpose)).toString()) as object;
      const errors = member === 'yoga' ? { errors: [{ message: 'no' }] } : {};
      return Buffer.from(JSON.stringify({ ...body, ...errors }));
    };
    await expect(checkAnswers(ask, members)).rejects.toThrow('an answer of yoga has errors');
  });
});
