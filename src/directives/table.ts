import { notEmpty, optionalText, text, texts, type DirectiveParser } from './directive.ts';

/** `@table`: where the rows of a type come from. */
export interface TableModel {
  readonly source: string;
  readonly name: string;
  /** Left out, it is the column behind the field `id`. */
  readonly key?: readonly string[];
  /** Whether root fields are generated for the type. */
  readonly root: boolean;
  readonly plural?: string;
}

export const parseTable: DirectiveParser<TableModel> = (args, at) => {
  const key = args['key'] === undefined ? undefined : texts(args, 'key');
  if (key?.length === 0) {
    at.report({
      where: at.where,
      what: `the table of \`${at.owner}\` has no key columns`,
      mend: 'name the columns of the primary key, or leave `key` out where the field `id` shows it',
    });
  }
  for (const column of key ?? []) notEmpty(column, 'key', at);
  const plural = optionalText(args, 'plural');
  return {
    source: notEmpty(text(args, 'source'), 'source', at),
    name: notEmpty(text(args, 'name'), 'name', at),
    ...(key && { key }),
    root: args['root'] === true,
    ...(plural !== undefined && { plural }),
  };
};
