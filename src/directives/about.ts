import { optionalText, type DirectiveParser } from './directive.ts';

/** `@about`: each row concerns one person, found by a column or through another row. */
export interface AboutModel {
  readonly subject?: string;
  readonly through?: string;
  readonly type?: string;
}

export const parseAbout: DirectiveParser<AboutModel> = (args, at) => {
  const subject = optionalText(args, 'subject');
  const through = optionalText(args, 'through');
  const type = optionalText(args, 'type');
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
