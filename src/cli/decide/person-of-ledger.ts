import type { Knex } from 'knex';
import { LedgerError, SourceError } from '../../core/errors.ts';
import { asText } from '../../decision/release-rows.ts';
import type { StoredEvent } from '../../ledger/fold-events.ts';
import { readEvents } from '../../ledger/stored-events.ts';
import type { LedgerTools } from '../with-ledger.ts';
import type { Moment } from './history.ts';

const timeoutMs = 10_000;

/** What is known of a person. */
export interface KnownPerson {
  /** Where they live, by their row. */
  readonly place: unknown;
  readonly events: readonly StoredEvent[];
  readonly now: number;
}

/** The source's own text for the person, and their place. @throws LedgerError, SourceError */
const findRow = async (
  type: string,
  id: string,
  { policy, sources }: LedgerTools,
): Promise<{ readonly own: string; readonly place: unknown }> => {
  const found = policy.model.types.get(type);
  if (!found?.person)
    throw new LedgerError('the rows of this type concern no person', 'CONSENT_INVALID');
  const { table, person } = found;
  const source = sources.get(table.source);
  if (!source) throw new SourceError('no such source', 'SOURCE_UNAVAILABLE', table.source);
  const columns = person.place === undefined ? [] : [person.place];
  const rows = await source.fetch(
    {
      type,
      source: table.source,
      table: table.name,
      key: table.key,
      columns,
      subject: { path: { type, hops: [], column: person.id } },
    },
    { by: 'equal', columns: [person.id], tuples: [[id]] },
  );
  const own = asText(rows[0]?.values[columns.length]);
  if (own === null) throw new LedgerError(`no \`${type}\` has this id`, 'CONSENT_INVALID');
  return { own, place: columns.length === 0 ? undefined : rows[0]?.values[0] };
};

const clockOf = async (knex: Knex): Promise<number> => {
  const { rows } = await knex.raw<{ rows: { now: string }[] }>(
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text as now',
  );
  return Number(rows[0]?.now);
};

/**
 * What a person said by the ledger, and where they live by their own row. Nobody gets a number by
 * being asked about. At a chosen time only what was said up to then counts.
 *
 * @throws LedgerError, SourceError
 */
export const personOfLedger = async (
  type: string,
  id: string,
  chosen: Moment | undefined,
  tools: LedgerTools,
): Promise<KnownPerson> => {
  const { own, place } = await findRow(type, id, tools);
  const number = await tools.subjects.known(type, own);
  const now = chosen?.now ?? (await clockOf(tools.knex));
  if (number === undefined) return { place, events: [], now };
  const all = (await readEvents(tools.knex, [number], timeoutMs)).get(number) ?? [];
  return { place, now, events: chosen ? all.filter(({ at }) => at <= now) : all };
};
