import {
  notEmpty,
  optionalName,
  optionalText,
  text,
  texts,
  type DirectiveParser,
} from './directive.ts';

/** `@table`: where the rows of a type come from. */
export interface TableModel {
  readonly source: string;
  readonly name: string;
  /** Left out, it is the column behind the field `id`. */
  readonly key?: readonly string[];
  /** Whether root fields are generated for the type. */
  readonly root: boolean;
  readonly plural?: string;
  /** What becomes of a person's rows when they are erased; nothing is done where it is not said. */
  readonly erase?: Erase;
  /** The law that a KEEP rests on. */
  readonly because?: string;
}

export type Erase = 'DELETE' | 'ANONYMIZE' | 'KEEP';

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
  const because = optionalName(args, 'because', at);
  // The definition types `erase` as the enum Erase; `null` may stand there too.
  const erase = (args['erase'] as Erase | null | undefined) ?? undefined;
  if ((erase === 'KEEP') !== (because !== undefined)) {
    at.report({
      where: at.where,
      what:
        erase === 'KEEP'
          ? `the rows of \`${at.owner}\` are kept when somebody is erased, and nothing says why`
          : `\`because\` on \`${at.owner}\` explains a KEEP that is not there`,
      mend: 'write `erase: KEEP, because: "the law that demands it"`, or take `because` away',
    });
  }
  return {
    source: notEmpty(text(args, 'source'), 'source', at),
    name: notEmpty(text(args, 'name'), 'name', at),
    ...(key && { key }),
    root: args['root'] === true,
    ...(plural !== undefined && { plural }),
    ...(erase !== undefined && { erase }),
    ...(because !== undefined && { because }),
  };
};
