import { optionalName, type DirectiveParser } from './directive.ts';

/** `@subject`: each row is one person. */
export interface SubjectModel {
  /** Column that holds the person's id; the table's key where left out. */
  readonly id?: string;
  /** Column that holds the ISO 3166 code of where they live. */
  readonly place?: string;
  /** Tokens name persons of this type. */
  readonly signIn: boolean;
}

export const parseSubject: DirectiveParser<SubjectModel> = (args, at) => {
  const id = optionalName(args, 'id', at);
  const place = optionalName(args, 'place', at);
  return {
    ...(id !== undefined && { id }),
    ...(place !== undefined && { place }),
    signIn: args['signIn'] === true,
  };
};
