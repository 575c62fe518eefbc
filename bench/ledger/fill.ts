import type pg from 'pg';
import { resolveConsent } from '../../src/ledger/consent-event.ts';
import type { Policy } from '../../src/policy/compile-policy.ts';
import { idOf, sayings, seal, subjectType, type Saying } from './people.ts';

/** As many numbers as `SubjectDirectory` puts into the lottery at a time. */
const block = 65_536;
/** Events of one transaction. */
const slice = 500_000;
/** Persons of one statement. */
const sealedAtOnce = 10_000;
/** The years over which persons spoke. */
const span = { from: '2023-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' } as const;

/** Who is in the ledger, and what they may say. */
export interface People {
  readonly type: string;
  /** The id of the person who came as the nth, from 0. */
  readonly idOf: (n: number) => string;
  /** One of these, all alike likely, is what a person says in a round. */
  readonly sayings: readonly Saying[];
  /** Of a thousand yeses how many expire, three years on. */
  readonly expiring: number;
}

export const manyPeople: People = { type: subjectType, idOf, sayings, expiring: 20 };

export interface Fill {
  /** `manyPeople` unless told. */
  readonly people?: People;
  readonly subjects: number;
  /** Of each subject. */
  readonly events: number;
  readonly policy: Policy;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const sealSubjects = async (
  client: pg.Client,
  { type, idOf }: People,
  from: number,
  to: number,
): Promise<void> => {
  const { rows } = await client.query<{ came: number; number: number }>(
    'select came, number from arrival where came >= $1 and came < $2 order by came',
    [from, to],
  );
  await client.query(
    `insert into subject (number, type, lookup, sealed)
       select number, $1, lookup, sealed
       from unnest($2::int[], $3::bytea[], $4::bytea[]) as came (number, lookup, sealed)`,
    [
      type,
      rows.map(({ number }) => number),
      rows.map(({ came }) => seal.lookup(type, idOf(came))),
      rows.map(({ came, number }) => seal.seal(type, number, idOf(came))),
    ],
  );
};

/**
 * Gives every person a number the way `SubjectDirectory` does: who comes next draws from a block of
 * consecutive numbers, and what is left of the last block stays in the lottery.
 */
const fillSubjects = async (
  client: pg.Client,
  { subjects, signal }: Fill,
  people: People,
): Promise<void> => {
  const numbers = Math.ceil(subjects / block) * block;
  // The same draw in every run.
  await client.query('select setseed(0.5)');
  await client.query(
    `create temp table arrival as
       select (row_number() over (order by number / ${block}, random()) - 1)::int as came, number
       from generate_series(0, ${numbers - 1}) as number`,
  );
  await client.query('analyze arrival');
  await client.query('create index on arrival (came)');
  // As the first start on an empty ledger does; on one with persons it would sweep all of them.
  await client.query('insert into subject_key (proof, swept) values ($1, true)', [seal.proof]);
  for (let from = 0; from < subjects; from += sealedAtOnce) {
    signal.throwIfAborted();
    await sealSubjects(client, people, from, Math.min(from + sealedAtOnce, subjects));
  }
  await client.query(
    `insert into subject_lot (number) select number from arrival where came >= ${subjects}`,
  );
  await client.query(`update subject_block set next_number = ${numbers}`);
};

/** What persons say, as the ledger's writer would resolve and store it. */
const prepareSayings = async (
  client: pg.Client,
  policy: Policy,
  { type, sayings }: People,
): Promise<void> => {
  const rows = sayings.map((saying, slot) => {
    const input = { ...saying, subject: { type, id: '0' }, method: 'web-form' };
    const [part, ...others] = resolveConsent(input, policy).parts;
    if (!part || others.length > 0) throw new Error('a saying of the bench is not one event');
    return { slot, kind: saying.kind, signal: saying.signal, ...part };
  });
  await client.query(
    `create temp table saying as
       select * from json_to_recordset($1::json) as saying (
         slot int, kind text, signal text, purposes text[], categories text[], origins text[],
         declared text[], recipients text[], bases text[])`,
    [JSON.stringify(rows)],
  );
  await client.query('analyze saying');
};

const coprime = (a: number, b: number): boolean => (b === 0 ? a === 1 : coprime(b, a % b));

/** A stride that meets everybody once, in an order that looks like none. */
const strideOf = (subjects: number, round: number): number => {
  let stride = Math.floor(subjects * 0.618) + 97 * round;
  while (!coprime(stride, subjects)) stride += 1;
  return stride;
};

/**
 * Round after round everybody says one thing, so that what one person said lies far apart, as it
 * does in a ledger that grew over years. What somebody says in a round is the same in a ledger of any
 * size.
 */
const insertSlice = `
  insert into consent_event
    (position, subject, kind, purposes, categories, at, valid_until, method, actor, record, origins,
     declared, recipients, bases, signal, policy)
  select position, number, kind, purposes, categories, at,
    case when kind in ('given', 'renewed') and chance < $9 then at + interval '3 years' end,
    case when chance < 900 then 'web-form' else 'phone' end,
    case when chance < 900 then null else 'call-centre' end,
    uuidv7(), origins, declared, recipients, bases, signal, $5
  from (
    select position, number,
      ((hashint8extended(came, $7) & 2147483647) % $8)::int as slot,
      (hashint8extended(position, 2) & 2147483647) % 1000 as chance,
      timestamptz '${span.from}' +
        (timestamptz '${span.to}' - timestamptz '${span.from}') * (position::float8 / $6) as at
    from generate_series($1::bigint, $2::bigint) as position
    join arrival on came = ((position - 1) % $3::bigint) * $4::bigint % $3
    order by position
  ) as said join saying using (slot)
  order by position`;

const fillEvents = async (
  client: pg.Client,
  { subjects, events, policy, signal, say }: Fill,
  { sayings, expiring }: People,
): Promise<void> => {
  const total = subjects * events;
  let told = 0;
  for (let round = 0; round < events; round += 1) {
    const stride = strideOf(subjects, round);
    for (let done = 0; done < subjects; done += slice) {
      signal.throwIfAborted();
      const first = round * subjects + done + 1;
      const last = round * subjects + Math.min(done + slice, subjects);
      await client.query('begin');
      await client.query('update ledger_head set position = $1', [last]);
      const kinds = [round, sayings.length, expiring];
      const values = [first, last, subjects, stride, policy.id, total, ...kinds];
      await client.query(insertSlice, values);
      await client.query('commit');
      if (last - told >= 1_000_000) say(`${last / 1_000_000} million events`);
      if (last - told >= 1_000_000) told = last;
    }
  }
};

/** The indexes that are built after the rows: the same, and faster than row by row. */
const later = ['consent_event_subject', 'consent_event_record'];

/** Fills an empty ledger. Whatever checks and triggers a table has stay on. */
export const fillLedger = async (client: pg.Client, fill: Fill): Promise<void> => {
  await client.query(`set work_mem = '256MB'`);
  await client.query(`set maintenance_work_mem = '512MB'`);
  const people = fill.people ?? manyPeople;
  await fillSubjects(client, fill, people);
  await prepareSayings(client, fill.policy, people);
  const { rows } = await client.query<{ indexdef: string; indexname: string }>(
    'select indexdef, indexname from pg_indexes where indexname = any($1)',
    [later],
  );
  for (const { indexname } of rows) await client.query(`drop index ${indexname}`);
  await fillEvents(client, fill, people);
  fill.say('indexes and statistics');
  for (const { indexdef } of rows) await client.query(indexdef);
  // What the server itself would do soon, in the midst of measuring.
  for (const table of ['consent_event', 'subject', 'subject_lot', 'ledger_head'])
    await client.query(`vacuum (analyze) ${table}`);
};
