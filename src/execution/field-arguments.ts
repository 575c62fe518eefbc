import {
  getNamedType,
  isEnumType,
  isSpecifiedScalarType,
  Kind,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type ValueNode,
} from 'graphql';

/** The values of a field's arguments by name. */
export type ArgumentValues = Record<string, unknown>;

/** How often a field's arguments are evaluated. */
export type ArgumentPlan =
  /** there are none */
  | 'none'
  /** once for the plan, since no variable is in them */
  | 'plan'
  /** once for each execution */
  | 'execution'
  /** each time, since a custom scalar may give another value */
  | 'call';

const holdsVariable = (value: ValueNode): boolean => {
  if (value.kind === Kind.LIST) return value.values.some(holdsVariable);
  if (value.kind === Kind.OBJECT) return value.fields.some((field) => holdsVariable(field.value));
  return value.kind === Kind.VARIABLE;
};

const isConstant = ({ type }: GraphQLArgument): boolean => {
  const named = getNamedType(type);
  return isSpecifiedScalarType(named) || isEnumType(named);
};

export const planArguments = (
  { args }: GraphQLField<unknown, unknown>,
  node: FieldNode,
): ArgumentPlan => {
  if (args.length === 0) return 'none';
  if (!args.every(isConstant)) return 'call';
  return node.arguments?.some(({ value }) => holdsVariable(value)) ? 'execution' : 'plan';
};

const isPlain = (value: unknown): boolean =>
  value === null || (typeof value !== 'object' && typeof value !== 'function');

/**
 * Whether a copy of these values serves another call as well: none of them is an object, which a
 * resolver could change.
 */
export const canKeep = (values: Readonly<ArgumentValues>): boolean =>
  Object.values(values).every(isPlain);
