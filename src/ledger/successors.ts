import type { DomainModel } from '../policy/model.ts';
import type { Tree } from '../policy/tree.ts';

type Reach = ReadonlyMap<string, readonly string[]>;

/** For each node the leaves that a no to it reaches. */
export interface Successors {
  readonly purposes: Reach;
  readonly categories: Reach;
}

const reachOf = (
  tree: Tree,
  nodes: ReadonlyMap<string, { readonly under: readonly string[]; readonly replacedBy?: string }>,
): Reach => {
  const below = new Map<string, string[]>();
  for (const [name, { under }] of nodes) {
    for (const parent of under) {
      const children = below.get(parent);
      if (children) children.push(name);
      else below.set(parent, [name]);
    }
  }
  const leaves = new Set(tree.leaves);
  const reach = (name: string): readonly string[] => {
    const seen = new Set([name]);
    // A set may grow while it is walked: what is added is met later.
    for (const node of seen) {
      for (const child of below.get(node) ?? []) seen.add(child);
      const replacement = nodes.get(node)?.replacedBy;
      if (replacement !== undefined) seen.add(replacement);
    }
    return [...seen].filter((node) => leaves.has(node));
  };
  return new Map(tree.names.map((name) => [name, reach(name)]));
};

const known = new WeakMap<DomainModel, Successors>();

/** The leaves at or below each node, and at or below what took the place of any of them. */
export const successorsOf = (model: DomainModel): Successors => {
  let successors = known.get(model);
  if (successors === undefined) {
    successors = {
      purposes: reachOf(model.purposeTree, model.purposes),
      categories: reachOf(model.categoryTree, model.categories),
    };
    known.set(model, successors);
  }
  return successors;
};
