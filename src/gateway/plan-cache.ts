import type { DocumentNode } from 'graphql';
import { branchingVariables } from '../policy/collect-fields.ts';
import { compilePlan, type PlanRequest } from '../policy/compile-plan.ts';
import type { Plan } from '../policy/plan.ts';
import { FairCache } from './fair-cache.ts';
import { ownerOf } from './known-documents.ts';

/** Cells and rows of all plans kept; about a kilobyte of memory each. */
const maxWeight = 100_000;

interface DocumentPlans {
  readonly branching: readonly string[];
  readonly plans: Map<string, Plan>;
}

interface Kept {
  readonly from: DocumentPlans;
  readonly key: string;
}

const weightOf = ({ rows }: Plan): number =>
  rows.reduce((sum, { cells, joins }) => sum + 1 + cells.length + joins.size, 1);

/** What is neither is refused where it is met: no plan of one that was not may be taken for it. */
const letterOf = (value: unknown): string => {
  if (value === true) return 't';
  return value === false ? 'f' : 'n';
};

/**
 * Plans by document and by what else shapes them: operation, purpose, values of @skip and @include,
 * refused rules. Bounded by the size of the plans: of the client with most of them the oldest goes
 * first, so that ever new documents of one push out none of another's.
 */
export class PlanCache {
  readonly #documents = new WeakMap<DocumentNode, DocumentPlans>();
  readonly #kept = new FairCache<Kept, null>(maxWeight, ({ from, key }) => from.plans.delete(key));

  /** The plan of an operation; compiled at its first use. */
  plan(request: PlanRequest): Plan {
    const { document, operation, variables, purpose, refused } = request;
    let known = this.#documents.get(document);
    if (known === undefined) {
      known = { branching: branchingVariables(document), plans: new Map() };
      this.#documents.set(document, known);
    }
    // None of these has a blank in it.
    let key = `${operation.name?.value ?? ''} ${purpose ?? ''} `;
    for (const name of known.branching) key += letterOf(variables[name]);
    if (refused.size > 0) key += ` ${[...refused].sort().join(' ')}`;
    const cached = known.plans.get(key);
    if (cached) return cached;
    const plan = compilePlan(request);
    const kept: Kept = { from: known, key };
    // One that is too large is made anew each time.
    if (this.#kept.set(ownerOf(document), kept, null, weightOf(plan))) known.plans.set(key, plan);
    return plan;
  }
}
