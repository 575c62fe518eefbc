import {
  Kind,
  parse,
  print,
  valueFromASTUntyped,
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  type ObjectTypeDefinitionNode,
} from 'graphql';
import { sdl } from './domain.ts';

// What the SDL says, read by itself: nothing of src/ is called.

export type Arguments = Readonly<Record<string, unknown>>;
const marks = (node: { readonly directives?: readonly ConstDirectiveNode[] | undefined }) =>
  new Map(
    (node.directives ?? []).map(({ name, arguments: given }) => [
      name.value,
      Object.fromEntries(
        (given ?? []).map((one) => [one.name.value, valueFromASTUntyped(one.value)]),
      ) as Arguments,
    ]),
  );
const listOf = (value: unknown): readonly string[] =>
  value === undefined ? [] : ((Array.isArray(value) ? value : [value]) as readonly string[]);

export interface Field {
  readonly name: string;
  readonly coordinate: string;
  /** Absent where the field is not shielded. */
  readonly categories?: readonly string[];
  readonly rules: readonly string[];
  readonly list: boolean;
  readonly named: string;
  readonly column: string;
  readonly from: readonly string[];
  readonly join?: {
    readonly own: string;
    readonly theirs?: string;
    readonly via?: { readonly table: string; readonly on: string; readonly to: string };
  };
}

export interface Type {
  readonly name: string;
  readonly source: string;
  readonly table: string;
  readonly key: string;
  readonly root: boolean;
  readonly person?: { readonly id: string; readonly place?: string };
  readonly about?: { readonly subject?: string; readonly through?: string; readonly type: string };
  readonly fields: ReadonlyMap<string, Field>;
}

const document = parse(sdl);

const readField = (type: string, key: string, node: FieldDefinitionNode): Field => {
  const name = node.name.value;
  const on = marks(node);
  const [shield, join, derived] = [on.get('shield'), on.get('join'), on.get('derived')];
  const list = print(node.type).startsWith('[');
  const own = (join?.['from'] ?? (list || join?.['via'] ? key : join?.['on'])) as string;
  const theirs = join?.['on'] as string | undefined;
  return {
    name,
    coordinate: `${type}.${name}`,
    ...(shield && { categories: listOf(shield['category']) }),
    rules: listOf(shield?.['rules']),
    list,
    named: print(node.type).replaceAll(/[![\]]/g, ''),
    column: name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    from: listOf(derived?.['from']),
    ...(join && {
      join: join['via']
        ? {
            own,
            via: { table: join['via'] as string, on: theirs!, to: join['to'] as string },
          }
        : { own, ...((list || join['from'] !== undefined) && theirs !== undefined && { theirs }) },
    }),
  };
};

const readType = (node: ObjectTypeDefinitionNode): Type => {
  const on = marks(node);
  const table = on.get('table')!;
  const [subject, about] = [on.get('subject'), on.get('about')];
  const [key = 'id'] = listOf(table['key']);
  const name = node.name.value;
  return {
    name,
    source: table['source'] as string,
    table: table['name'] as string,
    key,
    root: table['root'] !== false,
    ...(subject && {
      person: {
        id: subject['id'] as string,
        ...(subject['place'] !== undefined && { place: subject['place'] as string }),
      },
    }),
    ...(about && { about: { type: 'Customer', ...about } }),
    fields: new Map(
      (node.fields ?? []).map((field) => [field.name.value, readField(name, key, field)]),
    ),
  };
};

export const types: ReadonlyMap<string, Type> = new Map(
  document.definitions.flatMap((node) =>
    node.kind === Kind.OBJECT_TYPE_DEFINITION ? [[node.name.value, readType(node)] as const] : [],
  ),
);

/** Concrete types behind a name, in the order in which lists show them. */
export const membersOf = (name: string): readonly string[] =>
  name === 'Activity' || name === 'Owned' ? ['Order', 'Review'] : [name];

const enumOf = (name: string) => {
  const node = document.definitions.find(
    (one) => one.kind === Kind.ENUM_TYPE_DEFINITION && one.name.value === name,
  );
  if (node?.kind !== Kind.ENUM_TYPE_DEFINITION) throw new Error(`no enum ${name}`);
  return node.values ?? [];
};

const above = (name: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    enumOf(name).map((node) => [
      node.name.value,
      listOf(marks(node).get(name.toLowerCase())?.['under']),
    ]),
  );
export const categoriesAbove = above('Category');
export const purposesAbove = above('Purpose');
export const purposes = [...purposesAbove.keys()];

export const isWithin = (
  parents: ReadonlyMap<string, readonly string[]>,
  name: string,
  wider: string,
): boolean =>
  name === wider || (parents.get(name) ?? []).some((one) => isWithin(parents, one, wider));
const leavesWithin = (
  parents: ReadonlyMap<string, readonly string[]>,
  name: string,
): readonly string[] =>
  [...parents.keys()].filter(
    (one) =>
      isWithin(parents, one, name) && ![...parents.values()].some((wider) => wider.includes(one)),
  );
export const leafPurposes = (name: string): readonly string[] => leavesWithin(purposesAbove, name);
export const leafCategories = (name: string): readonly string[] =>
  leavesWithin(categoriesAbove, name);

export interface Terms {
  readonly covers: readonly string[];
  readonly basis: string;
  readonly places: ReadonlyMap<string, string>;
}
export const terms: ReadonlyMap<string, Terms> = new Map(
  enumOf('Purpose').map((node) => {
    const purpose = marks(node).get('purpose') ?? {};
    const places = (node.directives ?? []).flatMap((directive) => {
      if (directive.name.value !== 'basis') return [];
      const given = marks({ directives: [directive] }).get('basis')!;
      return listOf(given['in']).map((place) => [place, given['is'] as string] as const);
    });
    return [
      node.name.value,
      {
        covers: listOf(purpose['covers']).flatMap(leafCategories),
        basis: (purpose['basis'] as string | undefined) ?? 'CONSENT',
        places: new Map(places),
      },
    ];
  }),
);
export const coveredBy = (leaf: string): readonly string[] => terms.get(leaf)?.covers ?? [];
export const placesMatter = (purpose: string): boolean =>
  leafPurposes(purpose).some((leaf) => (terms.get(leaf)?.places.size ?? 0) > 0);

export const pluralOf = (name: string): string =>
  name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`;
