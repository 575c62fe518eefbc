import type { Profiler } from 'node:inspector';

interface Cost {
  self: number;
  total: number;
}

/** Where a script belongs: a folder of `src/`, a package, or Node itself. */
const groupOf = (url: string, name: string): string => {
  if (url === '') return name.startsWith('(') ? name : `native ${name}`;
  if (url.startsWith('node:')) return 'node';
  const [, ...packages] = url.split('/node_modules/');
  const last = packages.at(-1);
  if (last !== undefined) {
    const [scope = '', name_ = ''] = last.split('/');
    return scope.startsWith('@') ? `${scope}/${name_}` : scope;
  }
  const [, inside] = url.split('/src/');
  const folder = inside?.split('/');
  return folder && folder.length > 1 ? `src/${folder[0] ?? ''}` : 'src';
};

const functionOf = ({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string =>
  `${url.split('/src/')[1] ?? url}:${lineNumber + 1} ${functionName}`;

interface Costs {
  readonly groups: ReadonlyMap<string, Cost>;
  readonly functions: ReadonlyMap<string, Cost>;
}

const add = (to: Map<string, Cost>, key: string, self: number, total: number): void => {
  const cost = to.get(key) ?? { self: 0, total: 0 };
  cost.self += self;
  cost.total += total;
  to.set(key, cost);
};

/** Time of each node by itself, in microseconds. */
const selfTimes = ({ samples = [], timeDeltas = [] }: Profiler.Profile): Map<number, number> => {
  const times = new Map<number, number>();
  samples.forEach((id, i) => times.set(id, (times.get(id) ?? 0) + (timeDeltas[i] ?? 0)));
  return times;
};

const costsOf = (profile: Profiler.Profile): Costs => {
  const times = selfTimes(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const groups = new Map<string, Cost>();
  const functions = new Map<string, Cost>();

  const visit = (node: Profiler.ProfileNode, above: ReadonlySet<string>): number => {
    const { url, functionName } = node.callFrame;
    const group = groupOf(url, functionName);
    const self = group === '(idle)' ? 0 : (times.get(node.id) ?? 0);
    add(groups, group, self, 0);
    const ours = url.includes('/src/') && !url.includes('/node_modules/');
    const key = ours ? functionOf(node.callFrame) : undefined;
    const inside = key === undefined ? above : new Set([...above, key]);
    let total = self;
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child) total += visit(child, inside);
    }
    // A function within itself is counted once.
    if (key !== undefined) add(functions, key, self, above.has(key) ? 0 : total);
    return total;
  };
  const [root] = profile.nodes;
  if (root) visit(root, new Set());
  return { groups, functions };
};

export interface Profiles {
  readonly governed: Profiler.Profile;
  readonly off: Profiler.Profile;
  /** Requests in each. */
  readonly requests: number;
}

/**
 * Two CPU profiles in words, in milliseconds per request: by folder and package, governed against
 * ungoverned, then the costliest functions of `src/` in the governed one.
 */
export const summarize = ({ governed, off, requests }: Profiles): string => {
  const on = costsOf(governed);
  const without = costsOf(off).groups;
  const ms = (microseconds = 0): string => (microseconds / 1_000 / requests).toFixed(2).padStart(7);
  const sum = (groups: Costs['groups']): number =>
    [...groups.values()].reduce((all, { self }) => all + self, 0);
  const byCost = (costs: Costs['groups'], most: number) =>
    [...costs].sort(([, a], [, b]) => b.self - a.self).slice(0, most);
  return [
    'milliseconds per request by folder and package',
    'governed     off',
    `${ms(sum(on.groups))} ${ms(sum(without))}  all`,
    ...byCost(on.groups, 24).map(
      ([group, { self }]) => `${ms(self)} ${ms(without.get(group)?.self)}  ${group}`,
    ),
    '',
    'functions of src/, governed: by themselves, and with what they call',
    ...byCost(on.functions, 40).map(
      ([name, { self, total }]) => `${ms(self)} ${ms(total)}  ${name}`,
    ),
  ].join('\n');
};
