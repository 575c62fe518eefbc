import type { Knex } from 'knex';
import { LedgerError } from '../../core/errors.ts';
import { byKnex } from '../../core/statement.ts';
import { findPersons } from '../../decision/find-persons.ts';
import { readPlace } from '../../decision/own-data.ts';
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
  const [own] = await findPersons(found, [id], sources);
  if (own === undefined) throw new LedgerError(`no \`${type}\` has this id`, 'CONSENT_INVALID');
  const { place } = await readPlace({ type, id: own }, policy, sources);
  return { own, place };
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
  const all = (await readEvents(byKnex(tools.knex), [number], timeoutMs)).get(number) ?? [];
  return { place, now, events: chosen ? all.filter(({ at }) => at <= now) : all };
};
