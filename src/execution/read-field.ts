import type { ResponsePath } from 'graphql';
import type { FieldPlan } from './plan.ts';
import { pathOfField, type Run } from './run.ts';
import type { StraightResolver } from './straight.ts';

/** What graphql-js's default resolver gives: a property, or what a method there returns. */
export const readProperty = (
  run: Run,
  field: FieldPlan,
  source: unknown,
  path: ResponsePath | undefined,
  index: number,
): unknown => {
  // Evaluated though no property takes them: an argument that is wrong is this field's error.
  const args = field.arguments === 'none' ? undefined : run.argumentsOf(field);
  if ((typeof source !== 'object' || source === null) && typeof source !== 'function')
    return undefined;
  // A cast: every object and function may be asked for a property.
  const holder = source as Readonly<Record<string, unknown>>;
  const value = holder[field.name];
  if (typeof value !== 'function') return value;
  // Read anew and called on its object, as the default resolver does.
  const methods = holder as Readonly<Record<string, (...told: unknown[]) => unknown>>;
  return methods[field.name]?.(
    args ?? {},
    run.context,
    run.infoOf(field, pathOfField(path, index, field)),
  );
};

/** What the hook gives; its arguments are evaluated, for they may be wrong. */
export const readStraight = (
  run: Run,
  field: FieldPlan,
  resolve: StraightResolver<unknown>,
  source: unknown,
  path: ResponsePath | undefined,
  index: number,
): unknown => {
  if (field.arguments !== 'none') run.argumentsOf(field);
  run.straightPath = path;
  run.straightIndex = index;
  run.straightField = field;
  try {
    return resolve(source, run.context, run.pathOfStraight);
  } finally {
    run.straightField = undefined;
  }
};
