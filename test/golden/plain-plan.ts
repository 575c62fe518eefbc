import type { Policy } from '../../src/policy/compile-policy.ts';
import type { Plan, ReadPlan, RowPlan } from '../../src/policy/plan.ts';

const isRowPlan = (value: object): value is RowPlan => 'cellOf' in value;

/** `RECOMMENDATIONS PURCHASES` instead of an index, which moves with every purpose before it. */
const pairName = (policy: Policy, index: unknown): string => {
  const pair = policy.pairs[Number(index)];
  if (pair === undefined) throw new Error(`the policy has no pair ${String(index)}`);
  return `${pair.purpose} ${pair.category}`;
};

/**
 * A whole plan as plain JSON data: maps become objects in their order. Each selection stands where
 * its rows appear, and a read once, before the selections over its rows. What would only be said
 * twice is checked and left out.
 */
export const plainPlan = (plan: Plan, policy: Policy): unknown => {
  const reached = new Set<RowPlan>();
  const plain = (value: unknown, read?: ReadPlan): unknown => {
    if (Array.isArray(value)) return value.map((one) => plain(one, read));
    if (value instanceof Map) {
      return Object.fromEntries(
        [...(value as Map<string, unknown>)].map(([key, one]) => [key, plain(one, read)]),
      );
    }
    if (typeof value !== 'object' || value === null) return value;
    if (isRowPlan(value)) {
      reached.add(value);
      const [cells, byField] = [value.cells, [...value.cellOf.values()]];
      if (cells.length !== byField.length || cells.some((cell, i) => cell !== byField[i])) {
        throw new Error(`selection ${value.number} has cells that \`cellOf\` does not name`);
      }
    }
    const own = 'read' in value ? (value.read as ReadPlan) : read;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, one]): [string, unknown][] => {
        if (one === undefined || key === 'cellOf' || (key === 'read' && one === read)) return [];
        if (key === 'pair') return [[key, pairName(policy, one)]];
        return [[key, plain(one, key === 'read' ? undefined : own)]];
      }),
    );
  };
  const { rows, ...rest } = plan;
  const tree = plain(rest) as object;
  const lost = rows.find((row, i) => !reached.has(row) || row.number !== i);
  if (lost) throw new Error(`selection ${lost.number} is numbered wrongly, or appears nowhere`);
  return { ...tree, policy: '<policy>', rows: rows.length };
};
