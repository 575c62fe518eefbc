import type { CellPlan, Decide, RowPlan } from '../../src/policy/plan.ts';
import type { Row } from '../../src/sources/source.ts';

/** A plan over persons: the columns in order, the subject's id behind them. */
export const rowPlan = (
  decisions: readonly Decide[],
  cells: readonly Omit<CellPlan, 'coordinate'>[],
  more: Partial<RowPlan> & { readonly personal?: boolean } = {},
): RowPlan => {
  const { personal = true, ...rest } = more;
  const complete = cells.map((cell) => ({ ...cell, coordinate: `Customer.${cell.field}` }));
  return {
    number: 0,
    typeName: 'Customer',
    read: {
      type: 'Customer',
      source: 'shop',
      table: 'customer',
      key: ['id'],
      columns: [...new Set(cells.map(({ index }) => index))].map((i) => `c${i}`),
      ...(personal && { subject: { path: { type: 'Customer', hops: [], column: 'id' } } }),
    },
    cells: complete,
    cellOf: new Map(complete.map((cell) => [cell.field, cell])),
    decisions,
    gates: [],
    joins: new Map(),
    ...rest,
  };
};

export const row = (...values: readonly unknown[]): Row => ({ values });
