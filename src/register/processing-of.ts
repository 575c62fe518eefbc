import { origins, type Origin } from '../core/consent.ts';
import type { Basis, BasisModel } from '../directives/basis.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { decideCoordinate } from '../policy/decide-coordinate.ts';
import { scopeOf, type DomainField, type DomainType, type PurposeNode } from '../policy/model.ts';

/** A field that discloses a category and that a purpose can get. */
export interface ProcessingField {
  /** `Type.field` */
  readonly coordinate: string;
  readonly origin: Origin;
  /** The source of its table, as the SDL names it. */
  readonly source: string;
  /** Stricter than the purpose's own where nobody volunteered the data. */
  readonly basis: Basis;
  /** Only a yes that names its origin, or the declared field itself, counts for it. */
  readonly namedYes: boolean;
}

/** A leaf category, as the SDL describes it. */
export interface CategoryText {
  readonly category: string;
  readonly description: string | null;
  /** Term of the Data Privacy Vocabulary. */
  readonly dpv: string | null;
}

/** A leaf category that a purpose may use. Without fields, nothing that it could get is held today. */
export interface ProcessingCategory extends CategoryText {
  readonly fields: readonly ProcessingField[];
}

/** All that the SDL says of one leaf purpose. What it does not say is null or empty. */
export interface Processing {
  readonly purpose: string;
  readonly description: string | null;
  /** The purposes that it lies directly under. */
  readonly under: readonly string[];
  readonly gain: string | null;
  readonly basis: Basis;
  readonly places: readonly BasisModel[];
  readonly sale: boolean;
  readonly directMarketing: boolean;
  /** All of them where the SDL names none. */
  readonly origins: readonly Origin[];
  readonly recipients: readonly string[];
  /** ISO 8601 duration. */
  readonly retention: string | null;
  readonly since: string | null;
  readonly deprecated: string | null;
  readonly replacedBy: string | null;
  readonly dpv: string | null;
  /** Types of persons whose data it can get, sorted. */
  readonly subjects: readonly string[];
  readonly categories: readonly ProcessingCategory[];
}

interface Disclosing {
  readonly type: DomainType;
  readonly field: DomainField;
  readonly categories: ReadonlySet<string>;
}

/** Every shielded field with the leaf categories that it discloses, in SDL order. */
const disclosing = ({ model }: Policy): readonly Disclosing[] =>
  [...model.types.values()].flatMap((type) =>
    [...type.fields.values()].flatMap((field) =>
      field.guard.kind === 'shield'
        ? [
            {
              type,
              field,
              categories: new Set(
                field.guard.categories.flatMap((name) => model.categoryTree.leavesOf(name)),
              ),
            },
          ]
        : [],
    ),
  );

const textOf = ({ model }: Policy, category: string): CategoryText => ({
  category,
  description: model.categories.get(category)?.description ?? null,
  dpv: model.categories.get(category)?.dpv ?? null,
});

const fieldOf = (
  policy: Policy,
  purpose: string,
  category: string,
  { type, field }: Disclosing,
): ProcessingField => {
  const { guard, coordinate } = field;
  const pair =
    guard.kind === 'shield' ? policy.pairOf(purpose, category, scopeOf(guard)) : undefined;
  if (guard.kind !== 'shield' || !pair) throw new Error(`\`${coordinate}\` has no pair`);
  return {
    coordinate,
    origin: guard.origin,
    source: type.table.source,
    basis: pair.basis,
    namedYes: pair.scope !== 'FIRST_PARTY' && pair.basis === 'CONSENT',
  };
};

const processing = (
  policy: Policy,
  node: PurposeNode,
  fields: readonly Disclosing[],
): Processing => {
  // With the best of tokens: what a named rule holds back from some, others get.
  const reachable = fields.filter(
    ({ field }) => decideCoordinate(policy, field.guard, node.name, true).kind !== 'never',
  );
  const categories = policy.model.categoryTree.leaves
    .filter((category) => policy.scopesOf(node.name, category).length > 0)
    .map((category) => ({
      ...textOf(policy, category),
      fields: reachable
        .filter((one) => one.categories.has(category))
        .map((one) => fieldOf(policy, node.name, category, one)),
    }));
  return {
    purpose: node.name,
    description: node.description ?? null,
    under: node.under,
    gain: node.gain ?? null,
    basis: node.basis,
    places: node.places,
    sale: node.sale,
    directMarketing: node.directMarketing,
    origins: origins.filter((origin) => node.origins?.includes(origin) ?? true),
    recipients: node.recipients,
    retention: node.retention ?? null,
    since: node.since ?? null,
    deprecated: node.deprecated ?? null,
    replacedBy: node.replacedBy ?? null,
    dpv: node.dpv ?? null,
    subjects: [
      ...new Set(reachable.flatMap(({ type }) => (type.subject ? [type.subject.type] : []))),
    ].sort(),
    categories,
  };
};

/** What each leaf purpose may use and why, in SDL order; from the policy alone. */
export const processingOf = (policy: Policy): readonly Processing[] => {
  const fields = disclosing(policy);
  return policy.model.purposeTree.leaves.flatMap((name) => {
    const node = policy.model.purposes.get(name);
    return node ? [processing(policy, node, fields)] : [];
  });
};

/** The whole register: what is used for what, and what is held and used for nothing. */
export interface Register {
  /** The policy's name. */
  readonly policy: string;
  readonly processing: readonly Processing[];
  /** Leaf categories that some field discloses and no purpose can get. */
  readonly unused: readonly CategoryText[];
}

/** The register of a policy. */
export const registerOf = (policy: Policy): Register => {
  const all = processingOf(policy);
  const held = new Set(disclosing(policy).flatMap(({ categories }) => [...categories]));
  const used = new Set(
    all.flatMap(({ categories }) =>
      categories.filter(({ fields }) => fields.length > 0).map(({ category }) => category),
    ),
  );
  return {
    policy: policy.id,
    processing: all,
    unused: policy.model.categoryTree.leaves
      .filter((category) => held.has(category) && !used.has(category))
      .map((category) => textOf(policy, category)),
  };
};
