import type { Knex } from 'knex';
import { locks } from '../core/locks.ts';
import { createSubjectSeal, type SubjectSeal } from './subject-seal.ts';

const batch = 10_000;

/** Gives the key. One may be made up only where none is in use yet (`begun` is false). */
export type KeyFor = (begun: boolean) => Uint8Array;

interface KeyRow {
  readonly proof: Buffer;
  readonly swept: boolean;
}

const readKeyRow = async (knex: Knex): Promise<KeyRow | undefined> =>
  (await knex.raw<{ rows: KeyRow[] }>('select proof, swept from subject_key')).rows[0];

/** Whoever comes first decides on the key; all others wait, and then find it decided. */
const agreeOnKey = (
  knex: Knex,
  keyFor: KeyFor,
): Promise<{ seal: SubjectSeal; swept: boolean } | undefined> =>
  knex.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?, ?)', [...locks.subjectKey]);
    const row = await readKeyRow(trx);
    // Within the lock and before the proof is written: a key that was made is there for good.
    const seal = createSubjectSeal(keyFor(row !== undefined));
    if (row) return row.proof.equals(seal.proof) ? { seal, swept: row.swept } : undefined;
    const { rows } = await trx.raw<{ rows: { swept: boolean }[] }>(
      `insert into subject_key (proof, swept) values (?, not exists (select from subject))
       returning swept`,
      [seal.proof],
    );
    return { seal, swept: rows[0]?.swept ?? false };
  });

/** Seals one batch and returns its size. Numbers, types and everything said stay what they are. */
const sealBatch = (knex: Knex, seal: SubjectSeal): Promise<number> =>
  knex.transaction(async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(?, ?)', [...locks.subjectKey]);
    const { rows } = await trx.raw<{ rows: { number: number; type: string; id: string }[] }>(
      `select number, type, external_id as id from subject where external_id is not null
       order by number limit ? for update`,
      [batch],
    );
    if (rows.length === 0) return 0;
    await trx.raw(
      `update subject set external_id = null, lookup = row.lookup, sealed = row.sealed
       from unnest(?::int[], ?::bytea[], ?::bytea[]) as row (number, lookup, sealed)
       where subject.number = row.number`,
      [
        rows.map(({ number }) => number),
        rows.map(({ type, id }) => seal.lookup(type, id)),
        rows.map(({ type, number, id }) => seal.seal(type, number, id)),
      ],
    );
    return rows.length;
  });

/**
 * Sees that every person is sealed, under the one key that this database knows. Rows of an earlier
 * version are sealed batch by batch; being stopped on the way leaves the rest for the next start.
 * Whoever numbers persons waits for this: in a table that is half sealed they would be missed.
 *
 * @returns `undefined`, with nothing changed, where persons are sealed under another key
 */
export const sealSubjects = async (
  knex: Knex,
  keyFor: KeyFor,
): Promise<SubjectSeal | undefined> => {
  const agreed = await agreeOnKey(knex, keyFor);
  if (!agreed) return undefined;
  const { seal } = agreed;
  let sealed = 0;
  for (let more = batch; more > 0; sealed += more) more = await sealBatch(knex, seal);
  if (sealed > 0 || !agreed.swept) {
    // Rows as they were stay on their pages, and samples of them in the statistics, until this.
    await knex.raw('vacuum (full, analyze) subject');
    await knex.raw('update subject_key set swept = true');
  }
  return seal;
};

/** How persons are sealed as it stands, for whoever may change nothing. */
export type SealedState = 'sealed' | 'other-key' | 'not-sealed';

/** Whether all persons are sealed under this key; `not-sealed` where a start has still to do it. */
export const readSealedState = async (
  knex: Knex,
  seal: SubjectSeal | undefined,
): Promise<SealedState> => {
  const row = await readKeyRow(knex);
  if (!row) return 'not-sealed';
  if (!seal || !row.proof.equals(seal.proof)) return 'other-key';
  const { rows } = await knex.raw<{ rows: { clear: boolean }[] }>(
    'select exists (select from subject where external_id is not null) as clear',
  );
  return rows[0]?.clear === false ? 'sealed' : 'not-sealed';
};
