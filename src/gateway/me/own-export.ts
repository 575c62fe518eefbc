import { origins, type Origin } from '../../core/consent.ts';
import type { OwnRows } from '../../decision/own-data.ts';
import { asText } from '../../decision/release-rows.ts';
import type { Basis } from '../../directives/basis.ts';
import { basisAt } from '../../ledger/judge.ts';
import type { Policy } from '../../policy/compile-policy.ts';
import { decideCoordinate } from '../../policy/decide-coordinate.ts';
import type { DomainField } from '../../policy/model.ts';

export type ExportScope = 'PORTABLE' | 'ALL';

/** A person's data as they take them along. */
export interface OwnExport {
  readonly format: 'sayso-export/1';
  readonly scope: ExportScope;
  readonly exportedAt: string;
  readonly subject: { readonly type: string; readonly id: string };
  readonly policy: string;
  /** By type; each row by field. */
  readonly data: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly leftOut: readonly { readonly field: string; readonly because: string }[];
}

/** The leaf purposes that can use a field at all. */
export const purposesUsing = ({ guard }: DomainField, policy: Policy): readonly string[] =>
  guard.kind === 'shield'
    ? policy.model.purposeTree.leaves.filter(
        (leaf) => decideCoordinate(policy, guard, leaf, true).kind !== 'never',
      )
    : [];

/** The bases on which a purpose uses a field where the person lives. */
const basesFor = (
  { guard }: DomainField,
  purpose: string,
  place: unknown,
  policy: Policy,
): readonly Basis[] => {
  const verdict = decideCoordinate(policy, guard, purpose, true);
  if (verdict.kind === 'always') return [verdict.basis];
  if (verdict.kind !== 'ask') return [];
  return verdict.asks.map(({ basis, places }) => basisAt(basis, places, place));
};

/** Why a field is not part of an export, if it is not. */
const leftOutBecause = (
  field: DomainField,
  scope: ExportScope,
  place: unknown,
  policy: Policy,
): string | undefined => {
  const { guard } = field;
  if (guard.kind !== 'shield') return undefined;
  if (guard.rules.length > 0)
    return `it is shown to ${guard.rules.join(', ')} only; ask who runs this service`;
  if (scope === 'ALL') return undefined;
  const given: readonly Origin[] = origins.slice(0, 2);
  if (!given.includes(guard.origin)) return `it was not given by the person: ${guard.origin}`;
  const bases = purposesUsing(field, policy).flatMap((one) => basesFor(field, one, place, policy));
  return bases.some((basis) => basis === 'CONSENT' || basis === 'CONTRACT')
    ? undefined
    : 'it is used under neither consent nor contract';
};

/** As GraphQL would show it: ids are texts, and so is what would lose digits. */
const plain = (value: unknown, field: DomainField): unknown => {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  const isId = field.kind === 'join' || (field.kind === 'column' && field.graphqlType === 'ID');
  return isId || typeof value === 'bigint' ? asText(value) : value;
};

/**
 * Puts a person's rows into the form of an export. PORTABLE is what they gave, or what was observed
 * with them, and is used under consent or contract (GDPR Art. 20); ALL is everything held (Art. 15).
 * Named rules hold in both: what they guard is left out, and said so.
 */
export const ownExport = (
  own: readonly OwnRows[],
  scope: ExportScope,
  who: { readonly type: string; readonly id: string; readonly place: unknown },
  policy: Policy,
): OwnExport => {
  const leftOut: OwnExport['leftOut'][number][] = [];
  // Names of types and fields are the data owner's, so none can clash with a property of Object.
  const data = Object.create(null) as Record<string, Readonly<Record<string, unknown>>[]>;
  for (const { type, fields, rows } of own) {
    const shown = fields.map((field, i) => {
      const because = leftOutBecause(field, scope, who.place, policy);
      if (because !== undefined) leftOut.push({ field: field.coordinate, because });
      return because === undefined ? { field, i } : undefined;
    });
    const kept = shown.flatMap((one) => one ?? []);
    if (!kept.some(({ field }) => field.guard.kind === 'shield') || rows.length === 0) continue;
    data[type.name] = rows.map((values) => {
      const row = Object.create(null) as Record<string, unknown>;
      for (const { field, i } of kept) row[field.name] = plain(values[i], field);
      return row;
    });
  }
  return {
    format: 'sayso-export/1',
    scope,
    exportedAt: new Date().toISOString(),
    subject: { type: who.type, id: who.id },
    policy: policy.id,
    data,
    leftOut,
  };
};

/** The coordinates that an export shows. */
export const exportedFields = (
  own: readonly OwnRows[],
  { leftOut }: OwnExport,
): readonly string[] => {
  const hidden = new Set(leftOut.map(({ field }) => field));
  return own.flatMap(({ fields, rows }) =>
    rows.length === 0
      ? []
      : fields.map(({ coordinate }) => coordinate).filter((one) => !hidden.has(one)),
  );
};
