import {
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type ResponsePath,
} from 'graphql';
import { completeLeaf, completeNull } from './complete-leaf.ts';
import { abandon, isPromise } from './is-promise.ts';
import { planKept, type FieldPlan, type ObjectPlan } from './plan.ts';
import { readProperty, readStraight } from './read-field.ts';
import { newResult, type ResultObject } from './result-object.ts';
import { pathAt, pathOfField, pathOfItem, type Run } from './run.ts';
import { asksForInfo, refuseValue, resolveTypeName, runtimeTypeOf } from './runtime-type.ts';
import type { Shape } from './shape.ts';

/*
 * INVARIANT: where something is awaited, promises are chained as graphql-js chains them, so that
 * everything happens in the same tick and the errors of parallel fields come in the same order.
 * Only promises are handed to `Promise.all`, and values that are none stay where they are: that
 * changes no tick.
 */

type Info = GraphQLResolveInfo | undefined;

const completeObject = (
  run: Run,
  field: FieldPlan,
  type: GraphQLObjectType,
  path: ResponsePath | undefined,
  index: number,
  info: Info,
  value: unknown,
): unknown => {
  const plan = planKept(field, type) ?? run.planBelow(run, field, type);
  if (!type.isTypeOf) return executeFields(run, plan, value, path, index);
  const knows = type.isTypeOf(value, run.context, info ?? run.infoAbove(field, path));
  if (isPromise(knows))
    return knows.then((known) =>
      known ? executeFields(run, plan, value, path, index) : refuseValue(field, type, value),
    );
  return knows ? executeFields(run, plan, value, path, index) : refuseValue(field, type, value);
};

const completeAbstract = (
  run: Run,
  field: FieldPlan,
  shape: Extract<Shape, { kind: 'abstract' }>,
  path: ResponsePath | undefined,
  index: number,
  info: Info,
  value: unknown,
): unknown => {
  const { type } = shape;
  const name = resolveTypeName(run, field, type, value, info, path);
  if (!isPromise(name)) {
    const runtimeType = runtimeTypeOf(run, field, type, name, value);
    return completeObject(run, field, runtimeType, path, index, info, value);
  }
  return name.then((known) => {
    const runtimeType = runtimeTypeOf(run, field, type, known, value);
    return completeObject(run, field, runtimeType, path, index, info, value);
  });
};

const completeItem = (
  run: Run,
  field: FieldPlan,
  shape: Shape,
  path: ResponsePath | undefined,
  index: number,
  info: Info,
  item: unknown,
): unknown => {
  let completed: unknown;
  try {
    completed = isPromise(item)
      ? item.then((value) => complete(run, field, shape, path, index, info, value))
      : complete(run, field, shape, path, index, info, item);
    if (!isPromise(completed)) return completed;
    return completed.then(undefined, (raw: unknown) =>
      run.fail(raw, field, shape.nonNull, pathOfItem(path, index)),
    );
  } catch (raw) {
    const failed = run.fail(raw, field, shape.nonNull, pathOfItem(path, index));
    // A thenable whose `then` throws makes its list awaited all the same, as in graphql-js.
    return isPromise(completed) ? Promise.resolve(failed) : failed;
  }
};

const isPlainArray = (value: object): value is readonly unknown[] =>
  Array.isArray(value) && value[Symbol.iterator] === Array.prototype[Symbol.iterator];

const completeList = (
  run: Run,
  field: FieldPlan,
  shape: Extract<Shape, { kind: 'list' }>,
  path: ResponsePath | undefined,
  info: Info,
  value: unknown,
): unknown => {
  // A cast: every object may be asked for a property.
  if (
    typeof value !== 'object' ||
    typeof (value as Iterable<unknown>)[Symbol.iterator] !== 'function'
  )
    // prettier-ignore
    throw new GraphQLError(
      `Expected Iterable, but did not find one for field "${field.parent.name}.${field.definition.name}".`,
    );
  const items = value as Iterable<unknown>;
  const completed: unknown[] = [];
  let awaits = false;
  let index = 0;
  try {
    for (const item of items) {
      const done = completeItem(run, field, shape.item, path, index, info, item);
      awaits ||= isPromise(done);
      completed.push(done);
      index += 1;
    }
  } catch (error) {
    abandon(completed);
    // What is behind the failed item has never been looked at. Another iterable is closed by now.
    if (isPlainArray(items)) abandon(items.slice(index));
    throw error;
  }
  return awaits ? Promise.all(completed) : completed;
};

/**
 * A value as the answer holds it, or a promise of that.
 *
 * @param path the place, together with `index`: see `pathAt`
 * @throws what the place's error is, without a path as yet
 */
const complete = (
  run: Run,
  field: FieldPlan,
  shape: Shape,
  path: ResponsePath | undefined,
  index: number,
  info: Info,
  value: unknown,
): unknown => {
  if (value === null || value === undefined) return completeNull(field, shape);
  if (shape.kind === 'leaf') return completeLeaf(field, shape, value);
  if (value instanceof Error) throw value;
  switch (shape.kind) {
    case 'list':
      return completeList(run, field, shape, pathAt(path, index), info, value);
    case 'object':
      return completeObject(run, field, shape.type, path, index, info, value);
    case 'abstract':
      return completeAbstract(run, field, shape, path, index, info, value);
  }
};

/** A completed value that is awaited: its error is the field's. */
const guard = (
  run: Run,
  field: FieldPlan,
  at: ResponsePath,
  completed: Promise<unknown>,
): Promise<unknown> =>
  completed.then(undefined, (raw: unknown) => run.fail(raw, field, field.shape.nonNull, at));

/** A value that was read, completed, or a promise of that. */
const settle = (
  run: Run,
  field: FieldPlan,
  at: ResponsePath,
  told: Info,
  value: unknown,
): unknown => {
  const { shape } = field;
  const info = told ?? (asksForInfo(run, field) ? run.infoOf(field, at) : undefined);
  const completed = isPromise(value)
    ? value.then((resolved) => complete(run, field, shape, at, -1, info, resolved))
    : complete(run, field, shape, at, -1, info, value);
  return isPromise(completed) ? guard(run, field, at, completed) : completed;
};

/** A field of the object at `path` and `index`, completed, or a promise of that. */
export const executeField = (
  run: Run,
  field: FieldPlan,
  source: unknown,
  path: ResponsePath | undefined,
  index: number,
): unknown => {
  const { read, shape } = field;
  try {
    let info: Info;
    let value: unknown;
    if (read.by === 'straight') {
      value = readStraight(run, field, read.resolve, source, path, index);
    } else if (read.by === 'typename') {
      return field.parent.name;
    } else {
      const resolve = read.by === 'resolver' ? read.resolve : read.by === 'default' ? run.fieldResolver : undefined; // prettier-ignore
      if (resolve) {
        info = run.infoOf(field, pathOfField(path, index, field));
        value = resolve(source, run.argumentsOf(field), run.context, info);
      } else value = readProperty(run, field, source, path, index);
    }
    // The common case, without a path: a leaf that is there.
    if (shape.kind === 'leaf' && !isPromise(value)) {
      const leaf = completeLeaf(field, shape, value);
      return isPromise(leaf) ? guard(run, field, pathOfField(path, index, field), leaf) : leaf;
    }
    const at = info?.path ?? pathOfField(path, index, field);
    return settle(run, field, at, info, value);
  } catch (raw) {
    return run.fail(raw, field, shape.nonNull, pathOfField(path, index, field));
  }
};

/** The object of the answer for `source` at `path` and `index`, or a promise of it. */
export const executeFields = (
  run: Run,
  plan: ObjectPlan,
  source: unknown,
  path: ResponsePath | undefined,
  index: number,
): ResultObject | Promise<ResultObject> => {
  const { fields } = plan;
  // Fields that need a path share their object's.
  const [at, place] = plan.flat || index < 0 ? [path, index] : [pathAt(path, index), -1];
  const result = newResult(fields.length);
  let keys: string[] | undefined;
  let pending: Promise<unknown>[] | undefined;
  try {
    for (const field of fields) {
      const value = executeField(run, field, source, at, place);
      result[field.key] = value;
      if (!isPromise(value)) continue;
      (keys ??= []).push(field.key);
      (pending ??= []).push(value);
    }
  } catch (error) {
    if (!pending) throw error;
    // The others are waited for, as they may reject as well.
    return Promise.all(pending)
      .then(() => result)
      .finally(() => {
        throw error;
      });
  }
  if (!pending) return result;
  return Promise.all(pending).then((values) => {
    // Over the promises, where their keys stand already: the order stays.
    for (const [i, key] of (keys ?? []).entries()) result[key] = values[i];
    return result;
  });
};
