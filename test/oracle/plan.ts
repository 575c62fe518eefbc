import type { Origin } from '../../src/core/consent.ts';
import type { Basis } from '../../src/directives/basis.ts';

/**
 * What a random SDL says, as plain data: the SDL is printed from it for the product, and the oracle
 * reads nothing else.
 */
export interface Plan {
  readonly purposes: readonly PurposePlan[];
  readonly categories: readonly NodePlan[];
  readonly fields: readonly FieldPlan[];
}

/** A purpose or category. */
export interface NodePlan {
  readonly name: string;
  readonly under: readonly string[];
  readonly since?: string | undefined;
  readonly deprecated?: boolean | undefined;
  readonly replacedBy?: string | undefined;
}

/** What is said of a purpose. Those with others under them say nothing but the name. */
export interface PurposePlan extends NodePlan {
  readonly covers: readonly string[];
  readonly basis: Exclude<Basis, 'OPT_OUT'>;
  readonly places: readonly { readonly is: Basis; readonly in: readonly string[] }[];
  readonly sale: boolean;
  readonly directMarketing: boolean;
  readonly origins?: readonly Origin[] | undefined;
  readonly recipients: readonly string[];
}

/** A shielded field of `Customer`, or of `Wishes`, which customers declare themselves. */
export interface FieldPlan {
  readonly type: 'Customer' | 'Wishes';
  readonly name: string;
  readonly categories: readonly string[];
  readonly origin: Origin;
}

export const coordinateOf = ({ type, name }: FieldPlan): string => `${type}.${name}`;

const list = (names: readonly string[]): string => `[${names.join(', ')}]`;
const texts = (names: readonly string[]): string =>
  `[${names.map((name) => JSON.stringify(name)).join(', ')}]`;

const argumentsOf = (args: readonly (string | false)[]): string => {
  const said = args.filter((arg) => arg !== false);
  return said.length === 0 ? '' : `(${said.join(', ')})`;
};

const lifeOf = ({
  under,
  since,
  deprecated,
  replacedBy,
}: NodePlan): readonly (string | false)[] => [
  under.length > 0 && `under: ${texts(under)}`,
  since !== undefined && `since: "${since}"`,
  deprecated === true && 'deprecated: "no longer used"',
  replacedBy !== undefined && `replacedBy: "${replacedBy}"`,
];

const purposeLine = (purpose: PurposePlan): string => {
  const { name, covers, basis, places, sale, directMarketing, origins, recipients } = purpose;
  const args = argumentsOf([
    ...lifeOf(purpose),
    covers.length > 0 && `covers: ${list(covers)}`,
    basis !== 'CONSENT' && `basis: ${basis}`,
    sale && 'sale: true',
    directMarketing && 'directMarketing: true',
    origins !== undefined && `origins: ${list(origins)}`,
    recipients.length > 0 && `recipients: ${texts(recipients)}`,
  ]);
  const byPlace = places.map(({ is, in: codes }) => ` @basis(is: ${is}, in: ${texts(codes)})`);
  return `  ${name} @purpose${args}${byPlace.join('')}`;
};

const fieldLine = ({ name, categories, origin, type }: FieldPlan): string => {
  const said = type === 'Customer' && origin !== 'FIRST_PARTY' ? `, origin: ${origin}` : '';
  return `  ${name}: String @shield(category: ${list(categories)}${said})`;
};

/** The plan as a data owner would write it. */
export const sdlOf = ({ purposes, categories, fields }: Plan): string => {
  const declared = fields.filter(({ type }) => type === 'Wishes');
  return [
    'enum Category {',
    ...categories.map((node) => `  ${node.name} @category${argumentsOf(lifeOf(node))}`),
    '}',
    'enum Purpose {',
    ...purposes.map(purposeLine),
    '}',
    'type Customer @table(source: "shop", name: "customer") @subject(id: "id", place: "place") {',
    '  id: ID! @open(because: "surrogate key")',
    ...fields.filter(({ type }) => type === 'Customer').map(fieldLine),
    ...(declared.length > 0 ? ['  wishes: Wishes'] : []),
    '}',
    ...(declared.length > 0 ? ['type Wishes @declared {', ...declared.map(fieldLine), '}'] : []),
    '',
  ].join('\n');
};
