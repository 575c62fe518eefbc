import { notEmpty, optionalName, text, type DirectiveParser } from './directive.ts';

/** `@subject`: each row is one person. */
export interface SubjectModel {
  /** Column that holds the person's id. */
  readonly id: string;
  /** Column that holds the ISO 3166 code of where they live. */
  readonly place?: string;
  /** Tokens name persons of this type. */
  readonly signIn: boolean;
}

export const parseSubject: DirectiveParser<SubjectModel> = (args, at) => {
  const place = optionalName(args, 'place', at);
  return {
    id: notEmpty(text(args, 'id'), 'id', at),
    ...(place !== undefined && { place }),
    signIn: args['signIn'] === true,
  };
};
