import { notEmpty, text, type DirectiveParser } from './directive.ts';

/** `@column`: the column behind a field. */
export interface ColumnModel {
  readonly name: string;
}

export const parseColumn: DirectiveParser<ColumnModel> = (args, at) => ({
  name: notEmpty(text(args, 'name'), 'name', at),
});
