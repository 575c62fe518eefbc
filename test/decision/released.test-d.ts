import { describe, expectTypeOf, it } from 'vitest';
import { releaseRows } from '../../src/decision/release-rows.ts';
import type { DecidedRow, Released, ReleasedRow } from '../../src/decision/released.ts';
import { planOf } from '../../src/decision/released.ts';
import type { RowPlan } from '../../src/policy/plan.ts';
import type { Row, Source } from '../../src/sources/source.ts';

declare const row: Row;
declare const plan: RowPlan;

describe('what is released', () => {
  it('is no row of a source', () => {
    expectTypeOf<Row>().not.toExtend<ReleasedRow>();
    expectTypeOf<Awaited<ReturnType<Source['fetch']>>[number]>().not.toExtend<ReleasedRow>();
    // @ts-expect-error a source's row was not decided
    const released: ReleasedRow = row;
    // @ts-expect-error nor is it Released<Row>
    const sameShape: Released<Row> = row;
    expectTypeOf([released, sameShape]).toBeArray();
  });

  it('is no object that only looks like it', () => {
    expectTypeOf<DecidedRow>().not.toExtend<ReleasedRow>();
    // @ts-expect-error the plan alone is no decision
    const released: ReleasedRow = { [planOf]: plan, email: 'a@example.org' };
    // @ts-expect-error a resolver may not return a plain object
    const resolver: () => ReleasedRow = () => ({ id: '1' });
    // @ts-expect-error a copy with more in it was not decided
    const more = (one: ReleasedRow): ReleasedRow => ({ [planOf]: one[planOf], email: 'x' });
    expectTypeOf([released, resolver, more]).toBeArray();
  });

  it('is what deciding gives, and cannot be changed', () => {
    expectTypeOf(releaseRows).returns.resolves.toEqualTypeOf<
      readonly (ReleasedRow | undefined)[]
    >();
    const change = (one: ReleasedRow): void => {
      // @ts-expect-error a released row is read-only
      one['email'] = 'x';
    };
    expectTypeOf(change).toBeFunction();
  });
});
