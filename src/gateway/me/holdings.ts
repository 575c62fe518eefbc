import type { Origin } from '../../core/consent.ts';
import type { OwnRows } from '../../decision/own-data.ts';
import type { Policy } from '../../policy/compile-policy.ts';
import { purposesUsing } from './own-export.ts';

/** One kind of data in one source. */
export interface Holding {
  readonly category: string;
  readonly description: string | undefined;
  readonly source: string;
  readonly origins: readonly Origin[];
  readonly fields: readonly string[];
  readonly values: number;
  readonly purposes: readonly string[];
}

interface Gathered {
  readonly origins: Set<Origin>;
  readonly fields: Set<string>;
  readonly purposes: Set<string>;
  values: number;
}

/** Counts what is held of a person by leaf category and source; what is empty is left out. */
export const holdingsOf = (own: readonly OwnRows[], policy: Policy): readonly Holding[] => {
  const { categoryTree, categories } = policy.model;
  const found = new Map<string, Map<string, Gathered>>();
  for (const { type, fields, rows } of own) {
    fields.forEach((field, i) => {
      const { guard, coordinate } = field;
      if (guard.kind !== 'shield') return;
      const values = rows.filter((row) => row[i] !== null && row[i] !== undefined).length;
      if (values === 0) return;
      for (const category of new Set(guard.categories.flatMap((c) => categoryTree.leavesOf(c)))) {
        const bySource = found.get(category) ?? new Map<string, Gathered>();
        found.set(category, bySource);
        const gathered = bySource.get(type.table.source) ?? {
          origins: new Set(),
          fields: new Set(),
          purposes: new Set(),
          values: 0,
        };
        bySource.set(type.table.source, gathered);
        gathered.origins.add(guard.origin);
        gathered.fields.add(coordinate);
        gathered.values += values;
        for (const purpose of purposesUsing(field, policy)) gathered.purposes.add(purpose);
      }
    });
  }
  return categoryTree.leaves.flatMap((category) =>
    [...(found.get(category) ?? [])].map(([source, gathered]) => ({
      category,
      description: categories.get(category)?.description,
      source,
      origins: [...gathered.origins],
      fields: [...gathered.fields],
      values: gathered.values,
      purposes: policy.model.purposeTree.leaves.filter((leaf) => gathered.purposes.has(leaf)),
    })),
  );
};
