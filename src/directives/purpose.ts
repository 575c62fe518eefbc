import { optionalText, texts, type DirectiveParser } from './directive.ts';
import type { Basis } from './basis.ts';

/** `@purpose`: what a caller may want data for, the categories it reaches and why it may. */
export interface PurposeModel {
  readonly covers: readonly string[];
  readonly basis: Basis;
  readonly gain?: string;
  readonly under: readonly string[];
  readonly sale: boolean;
}

export const parsePurpose: DirectiveParser<PurposeModel> = (args, at) => {
  const gain = optionalText(args, 'gain');
  // The definition types `basis` as the enum Basis; `null` may stand there too.
  const basis = (args['basis'] as Basis | null | undefined) ?? 'CONSENT';
  if (basis === 'OPT_OUT') {
    at.report({
      where: at.where,
      what: `\`${at.owner}\` is OPT_OUT everywhere, but opt-out is law only in some places`,
      mend: 'keep `basis: CONSENT` and add `@basis(is: OPT_OUT, in: ["…"])` for those places',
    });
  }
  return {
    covers: texts(args, 'covers'),
    basis,
    ...(gain !== undefined && { gain }),
    under: texts(args, 'under'),
    sale: args['sale'] === true,
  };
};
