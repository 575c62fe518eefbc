import { executeField } from './execute-fields.ts';
import { isPromise } from './is-promise.ts';
import type { ObjectPlan } from './plan.ts';
import { newResult, type ResultObject } from './result-object.ts';
import type { Run } from './run.ts';

/** The root fields of a mutation: each begins when the one before it is complete. */
export const executeSerially = (
  run: Run,
  { fields }: ObjectPlan,
): ResultObject | Promise<ResultObject> => {
  const result = newResult(fields.length);
  let done: ResultObject | Promise<ResultObject> = result;
  for (const field of fields) {
    const next = (): ResultObject | Promise<ResultObject> => {
      const value = executeField(run, field, run.rootValue, undefined, -1);
      if (isPromise(value))
        return value.then((resolved) => {
          result[field.key] = resolved;
          return result;
        });
      result[field.key] = value;
      return result;
    };
    done = isPromise(done) ? done.then(next) : next();
  }
  return done;
};
