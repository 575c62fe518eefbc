import type { Origin } from '../core/consent.ts';
import { texts, type DirectiveParser } from './directive.ts';

/** `@shield`: the categories a field discloses, and the request-level rules on top. */
export interface ShieldModel {
  readonly categories: readonly string[];
  readonly origin: Origin;
  readonly rules: readonly string[];
}

export const parseShield: DirectiveParser<ShieldModel> = (args, at) => {
  const categories = texts(args, 'category');
  if (categories.length === 0) {
    at.report({
      where: at.where,
      what: `@shield on \`${at.owner}\` names no category, so nobody could ever agree to it`,
      mend: 'name the categories that the field discloses',
    });
  }
  // The definition types `origin` as the enum Origin; `null` may stand there too.
  const origin = (args['origin'] as Origin | null | undefined) ?? 'FIRST_PARTY';
  return { categories, origin, rules: texts(args, 'rules') };
};
