import type { RestTableConfig } from '../../../src/config/config.ts';
import type { ReadPlan } from '../../../src/policy/plan.ts';
import { RestSource, type RestSourceOptions } from '../../../src/sources/rest/rest-source.ts';

export const table = (more: Partial<RestTableConfig> = {}): RestTableConfig => ({
  path: '/members',
  by: new Map([['customer_id', 'ids']]),
  values: 'repeat',
  batch: 100,
  rows: [],
  columns: new Map(),
  ids: 'number',
  ...more,
});

const opened: RestSource[] = [];
/** Closed by `closeAll`. */
export const open = (
  options: Partial<RestSourceOptions> & { readonly url: string },
): RestSource => {
  const source = new RestSource({
    name: 'crm',
    headers: new Map(),
    poolSize: 4,
    timeoutMs: 2_000,
    maxBytes: 1_000_000,
    maxRows: 1_000,
    tables: new Map([['members', table()]]),
    ...options,
  });
  opened.push(source);
  return source;
};
export const closeAll = (): Promise<unknown> => Promise.all(opened.map((source) => source.close()));

export const members = (
  columns: readonly string[] = ['tier'],
  more: Partial<ReadPlan> = {},
): ReadPlan => ({
  type: 'Member',
  source: 'crm',
  table: 'members',
  key: ['customer_id'],
  columns,
  subject: { path: { type: 'Customer', hops: [], column: 'customer_id' } },
  ...more,
});
export const by = (...ids: readonly string[]) =>
  ({ by: 'equal', columns: ['customer_id'], tuples: ids.map((id) => [id]) }) as const;
