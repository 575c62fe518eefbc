import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';

/** A leaf value that its type's `serialize` gives back as it is, so that it need not be asked. */
export type Passes = (value: unknown) => boolean;

/** An output type, taken apart once: what completing a value of it has to do. */
export type Shape =
  | { readonly kind: 'leaf'; readonly nonNull: boolean; readonly type: GraphQLLeafType; readonly passes: Passes } // prettier-ignore
  | { readonly kind: 'list'; readonly nonNull: boolean; readonly item: Shape }
  | { readonly kind: 'object'; readonly nonNull: boolean; readonly type: GraphQLObjectType }
  | { readonly kind: 'abstract'; readonly nonNull: boolean; readonly type: GraphQLAbstractType };

const isText: Passes = (value) => typeof value === 'string';
const isNever: Passes = () => false;

/**
 * By `serialize` and not by type: a custom scalar that serializes as `String` does is as fast, and
 * a built-in one whose `serialize` somebody replaced is asked like any other.
 */
const passesBySerialize: ReadonlyMap<unknown, Passes> = new Map<unknown, Passes>([
  [GraphQLString.serialize, isText],
  [GraphQLID.serialize, isText],
  [GraphQLInt.serialize, (value) => typeof value === 'number' && (value | 0) === value],
  [GraphQLFloat.serialize, (value) => typeof value === 'number' && Number.isFinite(value)],
  [GraphQLBoolean.serialize, (value) => typeof value === 'boolean'],
]);

const shapes = new WeakMap<GraphQLOutputType, Shape>();

const takeApart = (type: GraphQLOutputType): Shape => {
  const nonNull = isNonNullType(type);
  const inner = isNonNullType(type) ? type.ofType : type;
  if (isListType(inner)) return { kind: 'list', nonNull, item: shapeOf(inner.ofType) };
  if (isLeafType(inner)) {
    const { serialize }: { readonly serialize: unknown } = inner;
    const passes = passesBySerialize.get(serialize) ?? isNever;
    return { kind: 'leaf', nonNull, type: inner, passes };
  }
  if (isAbstractType(inner)) return { kind: 'abstract', nonNull, type: inner };
  return { kind: 'object', nonNull, type: inner };
};

/** What completing a value of this type has to do; made once for each type. */
export const shapeOf = (type: GraphQLOutputType): Shape => {
  const known = shapes.get(type);
  if (known) return known;
  const made = takeApart(type);
  shapes.set(type, made);
  return made;
};

/** The shape below all lists. */
export const namedShapeOf = (shape: Shape): Exclude<Shape, { kind: 'list' }> => {
  let at = shape;
  while (at.kind === 'list') at = at.item;
  return at;
};
