import type { DocumentNode } from 'graphql';
import { branchingVariables } from '../policy/collect-fields.ts';
import { compilePlan, type PlanRequest } from '../policy/compile-plan.ts';
import type { Plan } from '../policy/plan.ts';

/** Cells and rows of all plans kept; about a kilobyte of memory each. */
const maxWeight = 100_000;
/** A larger plan is made anew each time: it would push out too many others. */
const maxPlanWeight = maxWeight / 20;

interface DocumentPlans {
  readonly branching: readonly string[];
  readonly plans: Map<string, Plan>;
}

interface Kept {
  readonly from: DocumentPlans;
  readonly key: string;
  readonly weight: number;
}

const weightOf = ({ rows }: Plan): number =>
  rows.reduce((sum, { cells, joins }) => sum + 1 + cells.length + joins.size, 1);

/**
 * Plans by document and by what else shapes them: operation, purpose, values of @skip and @include,
 * refused rules. Bounded by the size of the plans, the oldest going first.
 */
export class PlanCache {
  readonly #documents = new WeakMap<DocumentNode, DocumentPlans>();
  /** In order of their making. */
  readonly #kept = new Set<Kept>();
  #weight = 0;

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
    const weight = weightOf(plan);
    if (weight <= maxPlanWeight) this.#keep(plan, { from: known, key, weight });
    return plan;
  }

  #keep(plan: Plan, kept: Kept): void {
    kept.from.plans.set(kept.key, plan);
    this.#kept.add(kept);
    this.#weight += kept.weight;
    for (const oldest of this.#kept) {
      if (this.#weight <= maxWeight) return;
      oldest.from.plans.delete(oldest.key);
      this.#kept.delete(oldest);
      this.#weight -= oldest.weight;
    }
  }
}
