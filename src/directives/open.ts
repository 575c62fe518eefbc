import { notEmpty, text, type DirectiveParser } from './directive.ts';

/** `@open`: the field discloses nothing about the person, and why that is so. */
export interface OpenModel {
  readonly because: string;
}

export const parseOpen: DirectiveParser<OpenModel> = (args, at) => ({
  because: notEmpty(text(args, 'because'), 'because', at),
});
