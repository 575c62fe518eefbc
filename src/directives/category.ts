import { optionalText, texts, type DirectiveParser } from './directive.ts';

/** `@category`: a kind of personal data and what it lies under. */
export interface CategoryModel {
  readonly under: readonly string[];
  readonly dpv?: string;
}

export const parseCategory: DirectiveParser<CategoryModel> = (args) => {
  const dpv = optionalText(args, 'dpv');
  return { under: texts(args, 'under'), ...(dpv !== undefined && { dpv }) };
};
