import type { DocumentNode } from 'graphql';
import { branchingVariables } from '../policy/collect-fields.ts';
import { compilePlan, type PlanRequest } from '../policy/compile-plan.ts';
import type { Plan } from '../policy/plan.ts';

/** Variants of one document: purposes, values of @skip and @include, refused rules. */
const maxVariants = 64;

interface DocumentPlans {
  readonly branching: readonly string[];
  readonly plans: Map<string, Plan>;
}

/**
 * Plans by document. Documents are kept as long as whoever parsed them keeps them, so this is as
 * bounded as the store of parsed documents; variants of one are bounded here.
 */
export class PlanCache {
  readonly #documents = new WeakMap<DocumentNode, DocumentPlans>();

  /** The plan of an operation; compiled at its first use. */
  plan(request: PlanRequest): Plan {
    const { document, operation, variables, purpose, refused } = request;
    let known = this.#documents.get(document);
    if (known === undefined) {
      known = { branching: branchingVariables(document), plans: new Map() };
      this.#documents.set(document, known);
    }
    const key = JSON.stringify([
      operation.name?.value ?? '',
      purpose ?? '',
      known.branching.map((name) => variables[name] === true),
      [...refused].sort(),
    ]);
    const cached = known.plans.get(key);
    if (cached) return cached;
    const plan = compilePlan(request);
    if (known.plans.size >= maxVariants) known.plans.clear();
    known.plans.set(key, plan);
    return plan;
  }
}
