import type { Knex } from 'knex';
import type { ConsentInput } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { resolveConsent, type ConsentPart, type ResolvedConsent } from './consent-event.ts';
import { noSubject, type SubjectDirectory } from './subject-directory.ts';

/** What was appended: the head from which on it counts. */
export interface Appended {
  readonly head: number;
  readonly events: readonly ResolvedConsent[];
}

/** A line of the ledger to be: what was stated, one part of what it says, and who said it. */
interface NumberedEvent {
  readonly input: ConsentInput;
  /** Place of the input among those stated together. */
  readonly index: number;
  readonly part: ConsentPart;
  readonly subject: number;
}

const chunk = 2_000;
/** Clocks of machines differ by no more than this; an event from further ahead is a mistake. */
const clockSkewMs = 5 * 60_000;

/** The ledger's one writer. Events are only ever appended. */
export class ConsentStore {
  readonly #knex: Knex;
  readonly #subjects: SubjectDirectory;
  readonly #policy: Policy;

  constructor(knex: Knex, subjects: SubjectDirectory, policy: Policy) {
    this.#knex = knex;
    this.#subjects = subjects;
    this.#policy = policy;
  }

  /**
   * Appends events, all or none, in one transaction with the head. With a `name` the same import
   * happens once only: a second one appends nothing and answers \`undefined\`.
   * @throws LedgerError CONSENT_INVALID naming the item (and its index, for several), LEDGER_UNAVAILABLE.
   */
  async append(
    inputs: readonly ConsentInput[],
    options: { readonly name?: string; readonly onProgress?: (done: number) => void } = {},
  ): Promise<Appended | undefined> {
    const resolved = inputs.map((input, i) => this.#resolve(input, i, inputs.length));
    const numbered = await this.#number(inputs, resolved);
    try {
      return await this.#knex.transaction(async (trx) => {
        if (options.name !== undefined && !(await claimImport(trx, options.name))) return undefined;
        const head = await this.#write(trx, numbered, options.onProgress);
        return { head, events: resolved };
      });
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      throw new LedgerError('the ledger could not be written', 'LEDGER_UNAVAILABLE', {
        cause: error,
      });
    }
  }

  #resolve(input: ConsentInput, index: number, count: number): ResolvedConsent {
    try {
      if (input.at && input.at.getTime() > Date.now() + clockSkewMs) {
        throw new LedgerError('the event lies in the future', 'CONSENT_INVALID');
      }
      return resolveConsent(input, this.#policy);
    } catch (error) {
      if (count === 1 || !(error instanceof LedgerError)) throw error;
      throw new LedgerError(`event ${index + 1}: ${error.message}`, 'CONSENT_INVALID', {
        details: { index },
      });
    }
  }

  async #number(
    inputs: readonly ConsentInput[],
    resolved: readonly ResolvedConsent[],
  ): Promise<readonly NumberedEvent[]> {
    const idsByType = new Map<string, Set<string>>();
    for (const { subject } of inputs) {
      const ids = idsByType.get(subject.type);
      if (ids) ids.add(subject.id);
      else idsByType.set(subject.type, new Set([subject.id]));
    }
    const numbers = new Map<string, Map<string, number>>();
    for (const [type, idSet] of idsByType) {
      const ids = [...idSet];
      const found = new Map<string, number>();
      for (let i = 0; i < ids.length; i += chunk) {
        const slice = ids.slice(i, i + chunk);
        const drawn = await this.#subjects.numbersOf(type, slice);
        slice.forEach((id, k) => found.set(id, drawn[k] ?? noSubject));
      }
      numbers.set(type, found);
    }
    return inputs.flatMap((input, i) => {
      const subject = numbers.get(input.subject.type)?.get(input.subject.id) ?? noSubject;
      const event = resolved[i];
      if (subject === noSubject || event === undefined) {
        const which = inputs.length === 1 ? '' : `event ${i + 1}: `;
        throw new LedgerError(
          `${which}the subject's id is empty, over 256 characters, or not text`,
          'CONSENT_INVALID',
          { details: { index: i } },
        );
      }
      return event.parts.map((part) => ({ input, index: i, part, subject }));
    });
  }

  async #write(
    trx: Knex.Transaction,
    events: readonly NumberedEvent[],
    onProgress: (done: number) => void = () => undefined,
  ): Promise<number> {
    // Takes the row lock: one writer at a time, positions without gaps, times in their order.
    const { rows } = await trx.raw<{ rows: { position: string }[] }>(
      'update ledger_head set position = position + ? returning position::text',
      [events.length],
    );
    const head = Number(rows[0]?.position);
    const first = head - events.length + 1;
    let done = 0;
    for (const statement of statementsOf(events)) {
      const records = statement.map((event, i) => asRecord(event, first + done + i));
      await trx.raw(insertEvents, [JSON.stringify(records)]);
      done += statement.length;
      onProgress((statement.at(-1)?.index ?? 0) + 1);
    }
    return head;
  }
}

/**
 * Cuts events into statements. A statement does not see its own rows, so what is said now begins
 * another one when the same subject is already in it with something else.
 */
const statementsOf = (events: readonly NumberedEvent[]): readonly (readonly NumberedEvent[])[] => {
  const statements: NumberedEvent[][] = [];
  let current: NumberedEvent[] = [];
  let seen = new Map<number, ConsentInput>();
  for (const event of events) {
    const before = seen.get(event.subject);
    const mustSee = before !== undefined && before !== event.input && event.input.at === undefined;
    if (mustSee || current.length >= chunk) {
      statements.push(current);
      current = [];
      seen = new Map();
    }
    seen.set(event.subject, event.input);
    current.push(event);
  }
  if (current.length > 0) statements.push(current);
  return statements;
};

/**
 * An event said now is newer than all that its subject said before, even if the clock was set
 * back: otherwise a withdrawal could lie before the grant it takes back.
 */
const insertEvents = `
  insert into consent_event
    (position, subject, kind, purposes, categories, at, valid_until, method, actor)
  select position, subject, kind, purposes, categories,
    coalesce(at, greatest(clock_timestamp(), (
      select max(earlier.at) + interval '1 microsecond' from consent_event as earlier
      where earlier.subject = event.subject
    ))),
    valid_until, method, actor
  from json_to_recordset(?::json) as event (
    position bigint, subject integer, kind text, purposes text[], categories text[],
    at timestamptz, valid_until timestamptz, method text, actor text
  )
  order by position`;

const asRecord = ({ input, part, subject }: NumberedEvent, position: number) => ({
  position,
  subject,
  kind: input.kind,
  purposes: part.purposes,
  categories: part.categories,
  at: input.at?.toISOString(),
  valid_until: input.validUntil?.toISOString(),
  method: input.method,
  actor: input.actor,
});

const claimImport = async (trx: Knex.Transaction, name: string): Promise<boolean> => {
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    'insert into consent_import (name) values (?) on conflict do nothing returning name',
    [name],
  );
  return rows.length === 1;
};
