import type pg from 'pg';
import { openPool } from '../../src/database/connection.ts';
import { judgePairs } from '../../src/decision/judge-pairs.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import { decideCoordinate } from '../../src/policy/decide-coordinate.ts';
import { seal, subjectType } from '../ledger/people.ts';
import { categoryOf, type Batch, type Decider, type Field } from './people.ts';
import { decisionsPolicy } from './policy.ts';

/** As many as a gateway keeps unless it is told otherwise; numbers of few lie far apart. */
const maxSubjects = 1_000_000;

/**
 * The gateway's own decision, from ids to outcomes: numbers of the persons, their say-so out of the
 * snapshot, judged by the verdict on the field. The verdict itself is made once, as in a plan.
 */
export const openSayso = async (connection: pg.ClientConfig): Promise<Decider> => {
  const knex = openPool(connection);
  const policy = await decisionsPolicy();
  const subjects = new SubjectDirectory(knex, maxSubjects, seal);
  const snapshot = new ConsentSnapshot(knex, policy, maxSubjects);
  const verdicts = new Map(
    Object.keys(categoryOf).map((name) => {
      const field = policy.model.types.get(subjectType)?.fields.get(name);
      if (!field) throw new Error(`the schema has no field \`${name}\``);
      const byPurpose = policy.model.purposeTree.names.map(
        (purpose) => [purpose, decideCoordinate(policy, field.guard, purpose, true)] as const,
      );
      return [name as Field, new Map<string, ReturnType<typeof decideCoordinate>>(byPurpose)];
    }),
  );
  const view = await snapshot.view();
  const decide = async ({ purpose, field, ids }: Batch, out: Uint8Array): Promise<void> => {
    const verdict = verdicts.get(field)?.get(purpose);
    const numbers = await subjects.numbersOf(subjectType, ids);
    if (verdict?.kind !== 'ask') {
      out.fill(verdict?.kind === 'always' ? 1 : 0);
      return;
    }
    if (!(await snapshot.ensure(numbers, view)) || !snapshot.holds(numbers, view))
      throw new Error('say-so changed while it was decided on');
    for (let i = 0; i < numbers.length; i += 1) {
      const number = numbers[i] ?? -1;
      const { release } = judgePairs(
        verdict.asks,
        number,
        undefined,
        snapshot,
        view.now,
        undefined,
      );
      out[i] = release ? 1 : 0;
    }
  };
  return { decide, close: () => knex.destroy() };
};
