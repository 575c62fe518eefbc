import { parseAbout, type AboutModel } from './about.ts';
import { parseBasis, type BasisModel } from './basis.ts';
import { parseCategory, type CategoryModel } from './category.ts';
import { parseColumn, type ColumnModel } from './column.ts';
import { parseDeclared, type DeclaredModel } from './declared.ts';
import { parseDerived, type DerivedModel } from './derived.ts';
import type { DirectiveParser } from './directive.ts';
import { parseJoin, type JoinModel } from './join.ts';
import { parseOpen, type OpenModel } from './open.ts';
import { parsePurpose, type PurposeModel } from './purpose.ts';
import { parseShield, type ShieldModel } from './shield.ts';
import { parseSubject, type SubjectModel } from './subject.ts';
import { parseTable, type TableModel } from './table.ts';

/** Every directive of the SDL and the plain model it is read into. `@for` belongs to operations. */
export interface DirectiveModels {
  readonly about: AboutModel;
  readonly basis: BasisModel;
  readonly category: CategoryModel;
  readonly column: ColumnModel;
  readonly declared: DeclaredModel;
  readonly derived: DerivedModel;
  readonly join: JoinModel;
  readonly open: OpenModel;
  readonly purpose: PurposeModel;
  readonly shield: ShieldModel;
  readonly subject: SubjectModel;
  readonly table: TableModel;
}

export type DirectiveName = keyof DirectiveModels;

/** A new directive does not compile until it has a parser here. */
export const parsers: { readonly [K in DirectiveName]: DirectiveParser<DirectiveModels[K]> } = {
  about: parseAbout,
  basis: parseBasis,
  category: parseCategory,
  column: parseColumn,
  declared: parseDeclared,
  derived: parseDerived,
  join: parseJoin,
  open: parseOpen,
  purpose: parsePurpose,
  shield: parseShield,
  subject: parseSubject,
  table: parseTable,
};
