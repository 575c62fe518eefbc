import { optionalName, type DirectiveParser } from './directive.ts';

/** `@declared`: rows of this type are what persons tell the gateway themselves. */
export interface DeclaredModel {
  /** The persons' type, where there are several. */
  readonly person?: string;
}

export const parseDeclared: DirectiveParser<DeclaredModel> = (args, at) => {
  const person = optionalName(args, 'person', at);
  return person === undefined ? {} : { person };
};
