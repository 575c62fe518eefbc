import type { Plan } from '../policy/plan.ts';

interface Guarded {
  readonly roots: readonly string[];
  /** The roots among them, each once. */
  readonly all: readonly string[];
}

const guardedByPlan = new WeakMap<Plan, Guarded>();

/** Coordinates of a plan that rules may refuse; the same lists for the same plan. */
export const guardedIn = (plan: Plan): Guarded => {
  const known = guardedByPlan.get(plan);
  if (known) return known;
  const rootType = plan.operation === 'mutation' ? 'Mutation' : 'Query';
  const roots = [...plan.roots.values()].map(({ field }) => `${rootType}.${field}`);
  const guarded = { roots, all: [...new Set([...roots, ...plan.guarded])] };
  guardedByPlan.set(plan, guarded);
  return guarded;
};
