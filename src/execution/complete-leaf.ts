import { inspect } from 'graphql/jsutils/inspect.js';
import type { FieldPlan } from './plan.ts';
import type { Shape } from './shape.ts';

/** What stands where a value is missing. @throws Error in a place that may not be null */
export const completeNull = (field: FieldPlan, shape: Shape): null => {
  if (!shape.nonNull) return null;
  throw new Error(
    `Cannot return null for non-nullable field ${field.parent.name}.${field.definition.name}.`,
  );
};

/**
 * A scalar or enum as the answer holds it. What `serialize` returns is passed on, a promise too.
 *
 * @throws whatever the value is, if an error, and whatever `serialize` throws
 */
export const completeLeaf = (
  field: FieldPlan,
  shape: Extract<Shape, { kind: 'leaf' }>,
  value: unknown,
): unknown => {
  if (value === null || value === undefined) return completeNull(field, shape);
  if (shape.passes(value)) return value;
  if (value instanceof Error) throw value;
  const { type } = shape;
  const serialized: unknown = type.serialize(value);
  if (serialized !== null && serialized !== undefined) return serialized;
  throw new Error(
    `Expected \`${inspect(type)}.serialize(${inspect(value)})\` to ` +
      `return non-nullable value, returned: ${inspect(serialized)}`,
  );
};
