import { SaysoError } from '../core/errors.ts';
import type { Page } from '../decision/governed-reader.ts';
import type { ReleasedRow } from '../decision/released.ts';
import type { RootPlan } from '../policy/plan.ts';
import type { CursorSealer } from './cursor.ts';
import type { OperationContext, Resolver } from './operation.ts';

export interface PageOptions {
  readonly cursors: CursorSealer;
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
}

type PagePlan = Extract<RootPlan, { readonly kind: 'page' }>;

/** The value behind a connection: rows not yet decided, which only these resolvers see. */
interface PageValue {
  readonly plan: PagePlan;
  readonly page: Page;
  readonly hasPrevious: boolean;
}

interface EdgeValue {
  readonly type: string;
  readonly key: readonly string[];
  /** Decided rows by response key of `node`. */
  readonly nodes: ReadonlyMap<string, ReleasedRow>;
}

const refuse = (message: string): never => {
  throw new SaysoError(message, { code: 'BAD_USER_INPUT', status: 400 });
};

const rootPlan = <K extends RootPlan['kind']>(
  context: OperationContext,
  key: string | number,
  kind: K,
): Extract<RootPlan, { readonly kind: K }> => {
  const plan = context.plan.roots.get(String(key));
  if (plan?.kind !== kind) throw new Error(`no plan for the root field ${String(key)}`);
  return plan as Extract<RootPlan, { readonly kind: K }>;
};

/** Resolvers of generated root fields and of Relay cursor connections. */
export const createPageResolvers = (options: PageOptions) => {
  const { cursors, defaultPageSize, maxPageSize } = options;

  const one: Resolver = async (_parent, args, context, info) => {
    const plan = rootPlan(context, info.path.key, 'one');
    // The SDL makes them `ID!`.
    const key = plan.keyArgs.map((name) => args[name] as string);
    return (await context.reader().one(plan.read, plan.row, key)) ?? null;
  };

  const page: Resolver = async (_parent, args, context, info): Promise<PageValue> => {
    const plan = rootPlan(context, info.path.key, 'page');
    const first = (args['first'] as number | null | undefined) ?? defaultPageSize;
    if (first < 0) refuse('`first` is negative');
    if (first > maxPageSize) refuse(`\`first\` is over ${maxPageSize}, the most of one page`);
    const cursor = args['after'] as string | null | undefined;
    const after =
      cursor === null || cursor === undefined ? undefined : cursors.open(plan.read.type, cursor);
    const found = await context.reader().page(plan.read, first, after);
    return { plan, page: found, hasPrevious: after !== undefined };
  };

  const nodes: Resolver = async (parent, _args, context, info) => {
    const value = parent as PageValue;
    const row = value.plan.positions.nodes.get(String(info.path.key));
    if (!row) throw new Error('no plan for the nodes of a page');
    return context.spend(value.page.rows.length)
      ? context.reader().release(value.page.rows, row)
      : [];
  };

  const edges: Resolver = async (parent, _args, context, info): Promise<readonly EdgeValue[]> => {
    const { plan, page: found } = parent as PageValue;
    if (!context.spend(2 * found.rows.length)) return [];
    const positions = [...(plan.positions.edges.get(String(info.path.key)) ?? [])];
    const decided = await Promise.all(
      positions.map(async ([key, row]) => ({
        key,
        rows: await context.reader().release(found.rows, row),
      })),
    );
    return found.keys.map((key, i) => ({
      type: plan.read.type,
      key,
      nodes: new Map(
        decided.flatMap((position) => {
          const row = position.rows[i];
          return row === undefined ? [] : [[position.key, row] as const];
        }),
      ),
    }));
  };

  const pageInfo: Resolver = (parent) => {
    const { plan, page: found, hasPrevious } = parent as PageValue;
    const seal = (key: readonly string[] | undefined) => () =>
      key === undefined ? null : cursors.seal(plan.read.type, key);
    return {
      hasNextPage: found.hasNext,
      hasPreviousPage: hasPrevious,
      startCursor: seal(found.keys[0]),
      endCursor: seal(found.keys.at(-1)),
    };
  };

  const node: Resolver = (parent, _args, _context, info) =>
    (parent as EdgeValue).nodes.get(String(info.path.key));
  const cursor: Resolver = (parent) => {
    const { type, key } = parent as EdgeValue;
    return cursors.seal(type, key);
  };
  return { one, page, nodes, edges, pageInfo, node, cursor };
};
