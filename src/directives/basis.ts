import { placeOf } from '../core/places.ts';
import { texts, type DirectiveParser } from './directive.ts';

export type Basis = 'CONSENT' | 'LEGITIMATE_INTEREST' | 'CONTRACT' | 'LEGAL_OBLIGATION' | 'OPT_OUT';

/** `@basis`: another basis where the subject lives in one of these places. */
export interface BasisModel {
  readonly is: Basis;
  /** ISO 3166-1 alpha-2 or ISO 3166-2 codes. */
  readonly in: readonly string[];
}

export const parseBasis: DirectiveParser<BasisModel> = (args, at) => {
  const places = texts(args, 'in');
  for (const code of places) {
    if (placeOf(code) === undefined) {
      at.report({
        where: at.where,
        what: `\`${code}\` in @basis on \`${at.owner}\` is not an ISO 3166 code`,
        mend: 'write a country as `US` or a region as `US-CA`',
      });
    }
  }
  if (places.length === 0) {
    at.report({
      where: at.where,
      what: `@basis on \`${at.owner}\` names no place`,
      mend: 'name the places in `in`, or give the purpose itself another `basis`',
    });
  }
  // The definition types `is` as the enum Basis.
  return { is: args['is'] as Basis, in: places };
};
