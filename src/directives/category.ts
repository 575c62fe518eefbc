import { optionalText, texts, type DirectiveParser } from './directive.ts';
import { parseLifecycle, type Lifecycle } from './lifecycle.ts';

/** `@category`: a kind of personal data and what it lies under. */
export interface CategoryModel extends Lifecycle {
  readonly under: readonly string[];
  /** Term of the Data Privacy Vocabulary, such as `dpv-pd:EmailAddress`. */
  readonly dpv?: string;
}

export const parseCategory: DirectiveParser<CategoryModel> = (args, at) => {
  const dpv = optionalText(args, 'dpv');
  return {
    under: texts(args, 'under'),
    ...(dpv !== undefined && { dpv }),
    ...parseLifecycle(args, at),
  };
};
