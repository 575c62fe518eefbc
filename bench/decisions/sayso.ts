import { Kind, parse } from 'graphql';
import type pg from 'pg';
import type { TextColumn } from '../../src/core/text-column.ts';
import { openPool } from '../../src/database/connection.ts';
import { decideRows, type DecisionContext } from '../../src/decision/decide-rows.ts';
import type { Profile } from '../../src/decision/decided-rows.ts';
import { DecisionRecorder } from '../../src/decision/recorder.ts';
import { ConsentSnapshot } from '../../src/ledger/consent-snapshot.ts';
import { SubjectDirectory } from '../../src/ledger/subject-directory.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { compilePlan } from '../../src/policy/compile-plan.ts';
import type { RowPlan } from '../../src/policy/plan.ts';
import { seal, subjectType } from '../ledger/people.ts';
import { batches, type Batch, type Decider } from './people.ts';
import { decisionsPolicy } from './policy.ts';

/** As many as a gateway keeps unless it is told otherwise; numbers of few lie far apart. */
const maxSubjects = 1_000_000;

/** What a query for these fields is planned as, as the gateway plans it: once. */
const planOf = (policy: Policy, { purpose, fields }: Batch): RowPlan => {
  const document = parse(`{ customers { nodes { ${fields.join(' ')} } } }`);
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no query');
  const base = { policy, document, operation, variables: {}, purpose };
  const [row] = compilePlan({ ...base, refused: new Set() }).rows;
  if (!row) throw new Error('a query without rows');
  return row;
};

/** Ids as a source gives them: bytes, with a table of where they start. */
const columnOf = (ids: readonly string[]): TextColumn => {
  const cells = new Int32Array(2 * ids.length);
  let at = 0;
  ids.forEach((id, i) => {
    const length = Buffer.byteLength(id);
    cells[2 * i] = at;
    cells[2 * i + 1] = length;
    at += length;
  });
  return { count: ids.length, bytes: Buffer.from(ids.join('')), cells, width: 1, column: 0 };
};

/** As many bytes, in words of four. */
const wordsFor = (bytes: number): number => (bytes + 3) & ~3;

/** By profile what its persons' fields are answered, in whole words; before the first nothing is. */
const answersOf = (profiles: readonly Profile[], decisions: readonly number[]): DataView => {
  const stride = wordsFor(decisions.length);
  const bytes = new Uint8Array((profiles.length + 1) * stride);
  profiles.forEach(({ releases }, i) =>
    bytes.set(
      decisions.map((decision) => releases[decision] ?? 0),
      (i + 1) * stride,
    ),
  );
  return new DataView(bytes.buffer);
};

/** Four answers at a time: those beyond a person's own are overwritten by the next one's. */
const writeAnswers = (
  answers: DataView,
  width: number,
  profileOf: Int32Array,
  out: Uint8Array,
): void => {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const stride = wordsFor(width);
  const { length } = profileOf;
  // Only for the last few persons there is no room for more than their own.
  const roomy = Math.floor((out.length - stride) / width);
  for (let i = 0; i < length; i += 1) {
    const from = ((profileOf[i] ?? -1) + 1) * stride;
    const at = i * width;
    if (i <= roomy)
      for (let k = 0; k < stride; k += 4) view.setInt32(at + k, answers.getInt32(from + k));
    else for (let k = 0; k < width; k += 1) view.setUint8(at + k, answers.getUint8(from + k));
  }
};

/**
 * The gateway's own decision, from ids to outcomes: numbers of the persons, their say-so out of the
 * snapshot, a profile for each, and the record of it that goes into the audit entry.
 */
export const openSayso = async (connection: pg.ClientConfig): Promise<Decider> => {
  const knex = openPool(connection);
  const policy = await decisionsPolicy();
  const subjects = new SubjectDirectory(knex, maxSubjects, seal);
  const snapshot = new ConsentSnapshot(knex, policy, maxSubjects);
  const view = await snapshot.view();
  // By content: the same batch is asked again and again, as a query is.
  const prepared = new Map(
    batches().map((batch) => [
      JSON.stringify(batch),
      { plan: planOf(policy, batch), column: columnOf(batch.ids) },
    ]),
  );
  const known = new WeakMap<Batch, { readonly plan: RowPlan; readonly column: TextColumn }>();
  const preparedOf = (batch: Batch) => {
    const found = known.get(batch) ?? prepared.get(JSON.stringify(batch));
    if (!found) throw new Error('a batch that nobody prepared');
    known.set(batch, found);
    return found;
  };
  const decide = async (batch: Batch, out: Uint8Array): Promise<void> => {
    const { plan, column } = preparedOf(batch);
    const c: DecisionContext = {
      ...{ subjects, snapshot, view, recorder: new DecisionRecorder() },
      onFault: () => undefined,
    };
    const numbers = await subjects.numbersOfColumn(subjectType, column);
    const { profiles, profileOf } = await decideRows(plan, numbers, column.count, undefined, c);
    const decisions = batch.fields.map((field) => plan.cellOf.get(field)?.decision ?? -1);
    // Persons decided alike have the same answers.
    writeAnswers(answersOf(profiles, decisions), decisions.length, profileOf, out);
  };
  return { decide, close: () => knex.destroy() };
};
