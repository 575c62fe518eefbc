import type { Random } from '../oracle/random.ts';
import type { World, WorldField } from './world.ts';

/** A random query with what it is sent with. */
export interface RandomQuery {
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What one selection set holds under a response key, and what is selected below it. */
type Used = Map<string, { readonly signature: string; readonly below: Used }>;

const aliases = ['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty', 'toJSON', 'length', '_', 'a', 'b', 'data', 'errors'] as const; // prettier-ignore

/** Uses each variable, as validation wants. */
const everyVariable =
  'k: __typename @include(if: $yes) @skip(if: $no) ' +
  'u: tag(id: $id) @skip(if: true) { id } v: tags(first: $few) @skip(if: true) { __typename }';

const roots = [
  { many: 'persons', one: 'person', type: 'Person', weight: 5 },
  { many: 'samples', one: 'sample', type: 'Sample', weight: 4 },
  { many: 'orders', one: 'order', type: 'Order', weight: 2 },
  { many: 'lines', one: 'line', type: 'Line', weight: 2 },
  { many: 'tags', one: 'tag', type: 'Tag', weight: 2 },
  { many: 'goods', one: 'good', type: 'Good', weight: 4 },
  { many: 'odds', one: 'odd', type: 'Odd', weight: 0.6 },
] as const;

/** @param cursors some that the gateway gave, by root field */
export const randomQuery = (
  world: World,
  random: Random,
  cursors: ReadonlyMap<string, string>,
): RandomQuery => {
  const fragments: string[] = [];

  const condition = (): string =>
    random.weighted([
      ['', 8],
      [' @include(if: $yes)', 1],
      [' @skip(if: $yes)', 0.5],
      [' @skip(if: $no)', 1],
      [' @include(if: true) @skip(if: false)', 0.3],
    ]);

  /** A response key that is free for the signature, or taken by the same. */
  const put = (
    used: Used,
    name: string,
    args: string,
  ): { head: string; below: Used } | undefined => {
    const signature = `${name}${args}`;
    const alias = random.chance(0.35) ? random.of(aliases) : name;
    const known = used.get(alias);
    if (known && known.signature !== signature) return undefined;
    const below: Used = known?.below ?? new Map();
    used.set(alias, { signature, below });
    return { head: `${alias === name ? '' : `${alias}: `}${name}${args}${condition()}`, below };
  };

  const wrapped = (type: string, inner: string): string =>
    random.weighted([
      [() => inner, 6],
      [() => `... on ${type}${condition()} { ${inner} }`, 1],
      [() => `...${condition()} { ${inner} }`, 0.5],
      [
        () => {
          const name = `F${fragments.length}`;
          fragments.push(`fragment ${name} on ${type} { ${inner} }`);
          return `...${name}${condition()}`;
        },
        1,
      ],
    ] as const)();

  const first = (): string =>
    random.weighted([
      ['', 5],
      [`(first: ${random.between(0, 3)})`, 4],
      ['(first: $few)', 1],
      ['(first: null)', 0.3],
      ['(first: -1)', 0.1],
    ]);

  const field = (used: Used, one: WorldField, depth: number): string => {
    if (!one.of) return put(used, one.name, '')?.head ?? '';
    const placed = put(used, one.name, one.of.list ? first() : '');
    if (!placed) return '';
    return `${placed.head} { ${row(one.of.type, placed.below, depth - 1)} }`;
  };

  const row = (type: string, used: Used, depth: number): string => {
    const all = world.types.get(type) ?? [];
    const fields = depth > 0 ? all : all.filter((one) => !one.of);
    const joins = fields.filter((one) => one.of);
    const parts = Array.from({ length: random.between(1, 4) }, () => {
      if (random.chance(0.1)) return put(used, '__typename', '')?.head ?? '';
      const from = joins.length > 0 && random.chance(0.4) ? joins : fields;
      return wrapped(type, field(used, random.of(from), depth) || 'id');
    });
    return parts.filter((part) => part !== '').join(' ') || 'id';
  };

  const info = (used: Used): string =>
    ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor', '__typename']
      .flatMap((name) => (random.chance(0.5) ? (put(used, name, '')?.head ?? []) : []))
      .join(' ') || '__typename';

  const edge = (type: string, used: Used, depth: number): string => {
    const parts = Array.from({ length: random.between(1, 3) }, () => {
      const name = random.weighted([['node', 4], ['cursor', 2], ['__typename', 1]] as const); // prettier-ignore
      const placed = put(used, name, '');
      if (!placed) return '';
      return name === 'node' ? `${placed.head} { ${row(type, placed.below, depth)} }` : placed.head;
    });
    return parts.join(' ').trim() || '__typename';
  };

  const connection = (type: string, used: Used, depth: number): string => {
    const parts = Array.from({ length: random.between(1, 3) }, () => {
      const name = random.weighted([['nodes', 5], ['edges', 3], ['pageInfo', 2], ['__typename', 0.5]] as const); // prettier-ignore
      const placed = put(used, name, '');
      if (!placed) return '';
      if (name === '__typename') return placed.head;
      const inner =
        name === 'nodes'
          ? row(type, placed.below, depth)
          : name === 'edges'
            ? edge(type, placed.below, depth)
            : info(placed.below);
      return `${placed.head} { ${inner} }`;
    });
    return parts.join(' ').trim() || '__typename';
  };

  const root = (used: Used): string => {
    const { many, one, type } = random.weighted(roots.map((each) => [each, each.weight] as const));
    if (random.chance(0.3)) {
      const key = random.weighted([
        [JSON.stringify(String(random.between(1, 30))), 5],
        ['$id', 1],
        ['"t1"', 1],
        ['"nowhere \\u0000"', 0.3],
      ]);
      const placed = put(used, one, `(id: ${key})`);
      return placed ? `${placed.head} { ${row(type, placed.below, 3)} }` : '';
    }
    const cursor = cursors.get(many);
    const after = cursor !== undefined && random.chance(0.3) ? `, after: ${JSON.stringify(cursor)}` : ''; // prettier-ignore
    const args = random.weighted([
      [`(first: ${random.between(0, 9)}${after})`, 6],
      [`(first: $few${after})`, 1],
      ['', 1],
      ['(after: "no cursor")', 0.1],
      ['(first: 5000)', 0.1],
    ]);
    const placed = put(used, many, args);
    return placed ? `${placed.head} { ${connection(type, placed.below, 3)} }` : '';
  };

  const used: Used = new Map();
  const parts = Array.from({ length: random.weighted([[1, 6], [2, 3], [3, 1]] as const) }, () => root(used)); // prettier-ignore
  if (random.chance(0.05)) parts.push(put(used, '__typename', '')?.head ?? '');
  const body = parts.join(' ').trim() || '__typename';
  const text = `query Q($yes: Boolean! = true, $no: Boolean = false, $few: Int = 2, $id: ID = "1") { ${body} ${everyVariable} }\n${fragments.join('\n')}`;
  const variables: Record<string, unknown> = {};
  if (random.chance(0.3)) variables['yes'] = random.chance(0.5);
  if (random.chance(0.3)) variables['few'] = random.of([0, 1, 3, null]);
  if (random.chance(0.3)) variables['id'] = random.of(['2', '5', 't1', '']);
  // A variable may be nothing where a default makes the type fit, and the argument may not.
  if (random.chance(0.03)) variables['id'] = null;
  return { text, variables };
};
