/**
 * Names with wider names above them: a directed acyclic graph, because a purpose or category may
 * lie under several. Immutable; every question is answered from sets computed once.
 */
export interface Tree {
  /** All names, in SDL order. */
  readonly names: readonly string[];
  /** Names with nothing below them, in SDL order. */
  readonly leaves: readonly string[];
  /** The leaves at or below a name; just itself for a leaf. Throws on an unknown name: a bug. */
  leavesOf(name: string): readonly string[];
  has(name: string): boolean;
}

/** What keeps names from being a tree: `unknown` parents, or a `circle` (its members in order). */
export type TreeFault =
  | { readonly kind: 'unknown'; readonly name: string; readonly parent: string }
  | { readonly kind: 'circle'; readonly names: readonly string[] };

/**
 * Builds the tree from each name's parents. With faults it still answers for the names that are
 * sound, so that later checks can report more at once.
 */
export const buildTree = (
  parents: ReadonlyMap<string, readonly string[]>,
): { readonly tree: Tree; readonly faults: readonly TreeFault[] } => {
  const faults: TreeFault[] = [];
  const children = new Map<string, string[]>([...parents.keys()].map((name) => [name, []]));
  for (const [name, above] of parents) {
    for (const parent of above) {
      const siblings = children.get(parent);
      if (siblings === undefined) faults.push({ kind: 'unknown', name, parent });
      else siblings.push(name);
    }
  }

  const leafSets = new Map<string, ReadonlySet<string>>();
  const visiting: string[] = [];
  const collect = (name: string): ReadonlySet<string> => {
    const known = leafSets.get(name);
    if (known !== undefined) return known;
    const start = visiting.indexOf(name);
    if (start >= 0) {
      faults.push({ kind: 'circle', names: [...visiting.slice(start), name] });
      return new Set();
    }
    visiting.push(name);
    const below = children.get(name) ?? [];
    const leaves = new Set(below.length === 0 ? [name] : below.flatMap((c) => [...collect(c)]));
    visiting.pop();
    leafSets.set(name, leaves);
    return leaves;
  };

  const names = [...parents.keys()];
  for (const name of names) collect(name);
  const inOrder = new Map(
    names.map((name) => [name, names.filter((other) => leafSets.get(name)?.has(other))]),
  );
  const tree: Tree = {
    names,
    leaves: names.filter((name) => children.get(name)?.length === 0),
    has: (name) => parents.has(name),
    leavesOf: (name) => {
      const leaves = inOrder.get(name);
      if (leaves === undefined) throw new Error(`the tree has no \`${name}\``);
      return leaves;
    },
  };
  return { tree, faults };
};
