import { optionalName, type DirectiveParser } from './directive.ts';

/** `@join`: rows of another table, found by equal columns. */
export interface JoinModel {
  readonly on?: string;
  readonly from?: string;
  /** The table between, whose columns `on` and `to` point here and there. */
  readonly via?: string;
  readonly to?: string;
}

export const parseJoin: DirectiveParser<JoinModel> = (args, at) => {
  const on = optionalName(args, 'on', at);
  const from = optionalName(args, 'from', at);
  const via = optionalName(args, 'via', at);
  const to = optionalName(args, 'to', at);
  if (on === undefined && from === undefined) {
    at.report({
      where: at.where,
      what: `@join on \`${at.owner}\` names no column`,
      mend: 'name the column that holds the key (`on`), or this table’s column (`from`)',
    });
  }
  if ((via === undefined) !== (to === undefined) || (via !== undefined && on === undefined)) {
    at.report({
      where: at.where,
      what: `@join on \`${at.owner}\` names a table between by halves`,
      mend: 'give all three: `via` (the table), `on` (its column that points here) and `to` (its column that points there)',
    });
  }
  return {
    ...(on !== undefined && { on }),
    ...(from !== undefined && { from }),
    ...(via !== undefined && { via }),
    ...(to !== undefined && { to }),
  };
};
