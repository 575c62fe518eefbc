import { texts, type DirectiveParser } from './directive.ts';

/** `@derived`: computed from released fields of the same row. */
export interface DerivedModel {
  readonly from: readonly string[];
}

export const parseDerived: DirectiveParser<DerivedModel> = (args, at) => {
  const from = texts(args, 'from');
  if (from.length === 0) {
    at.report({
      where: at.where,
      what: `@derived on \`${at.owner}\` names no field to compute from`,
      mend: 'name the fields of the same type that the resolver reads',
    });
  }
  return { from };
};
