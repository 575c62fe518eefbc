import type { ResponsePath } from '../core/response-path.ts';

/**
 * Put into a field's `extensions` under `straight`: its value without arguments, without
 * `GraphQLResolveInfo` and without a promise. It must give what the field's `resolve` gives, and
 * throw what it throws; the planned executor calls it in its place.
 *
 * @param path of the field itself, made only when it is called; to be called, if at all, before
 *   the resolver returns, and an error after that
 */
export type StraightResolver<Context> = (
  parent: unknown,
  context: Context,
  path: () => ResponsePath,
) => unknown;

/** The key in `GraphQLField.extensions`. */
export const straight = Symbol('straight');
