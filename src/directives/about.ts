import { optionalName, type DirectiveParser } from './directive.ts';

/** `@about`: each row concerns one person, found by a column or through another row. */
export interface AboutModel {
  readonly subject?: string;
  readonly through?: string;
  readonly type?: string;
}

export const parseAbout: DirectiveParser<AboutModel> = (args, at) => {
  const subject = optionalName(args, 'subject', at);
  const through = optionalName(args, 'through', at);
  const type = optionalName(args, 'type', at);
  if (through !== undefined && type !== undefined) {
    at.report({
      where: at.where,
      what: `@about on \`${at.owner}\` names a \`type\`, and \`through\` leads to the person it leads to`,
      mend: 'take `type` away; the row that `through` leads to says whom it concerns',
    });
  }
  if ((subject === undefined) === (through === undefined)) {
    at.report({
      where: at.where,
      what: `@about on \`${at.owner}\` needs exactly one of \`subject\` and \`through\``,
      mend: 'name the column that holds the person’s id (`subject`), or the to-one field that leads to a row about them (`through`)',
    });
  }
  return {
    ...(subject !== undefined && { subject }),
    ...(through !== undefined && { through }),
    ...(type !== undefined && { type }),
  };
};
