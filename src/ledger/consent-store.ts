import type { Knex } from 'knex';
import { isYes, type ConsentInput } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { NoticeBook } from '../core/notice.ts';
import { byKnex } from '../core/statement.ts';
import { uuidv7 } from '../core/uuid.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { checkAgainstHistory, mindsHistory } from './check-against-history.ts';
import { resolveConsent } from './consent-event.ts';
import { keepKeys, recordedUnder } from './idempotency.ts';
import { claimImport, noteImport, type ImportProgress } from './import-progress.ts';
import { asRecord, insertEvents, statementsOf } from './insert-events.ts';
import { readNotices } from './notice-store.ts';
import { firstOfEach, type NumberedEvent, type RecordedConsent } from './numbered-event.ts';
import { readEvents } from './stored-events.ts';
import { noSubject, type SubjectDirectory } from './subject-directory.ts';
import { newestErasure } from './subject-eraser.ts';

/** What was appended: the head from which on it counts. */
export interface Appended {
  readonly head: number;
  readonly events: readonly RecordedConsent[];
}

export interface AppendOptions {
  /** Append under this name once only. */
  readonly name?: string;
  /** Note this in the same transaction. */
  readonly progress?: ImportProgress;
  readonly onProgress?: (done: number) => void;
  /**
   * The newest erasure when the persons of the inputs were looked up (`erasedUntil`). Should there
   * be another by the time nobody else can append, nothing is, and `ErasedMeanwhile` is thrown.
   */
  readonly erasedBefore?: number;
  /** Done in the same transaction, before the events: all of it happens or nothing. */
  readonly alongside?: (trx: Knex.Transaction, subjects: readonly number[]) => Promise<void>;
}

const chunk = 2_000;
/** Clocks of machines differ by no more than this; an event from further ahead is a mistake. */
const clockSkewMs = 5 * 60_000;
const timeoutMs = 10_000;

/** Somebody was erased while their number was still in use here: look it up again. */
class NumberGone extends Error {}
/** Somebody was erased since the persons of the inputs were looked up: there may be no such person. */
export class ErasedMeanwhile extends Error {}
/** A notice was published while events were resolved: resolve again. */
class NoticeMoved extends Error {}

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
   * happens once only: a second one appends nothing and answers `undefined`. A statement that was
   * recorded before under its idempotency key is answered as it was then, and not appended again.
   *
   * @throws LedgerError CONSENT_INVALID naming the item (and its index, for several),
   *   CONSENT_CONFLICT or IDEMPOTENCY_CONFLICT (both 409), LEDGER_UNAVAILABLE
   */
  async append(
    inputs: readonly ConsentInput[],
    options: AppendOptions = {},
  ): Promise<Appended | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#append(inputs, options);
      } catch (error) {
        const again = error instanceof NumberGone || error instanceof NoticeMoved;
        if (again && tries < 3) {
          this.#subjects.forget(undefined);
          continue;
        }
        if (error instanceof LedgerError || error instanceof ErasedMeanwhile) throw error;
        throw new LedgerError('the ledger could not be written', 'LEDGER_UNAVAILABLE', {
          cause: error,
        });
      }
    }
  }

  /** Position of the newest erasure, of whomever. @throws LedgerError LEDGER_UNAVAILABLE */
  async erasedUntil(): Promise<number> {
    try {
      return await newestErasure(this.#knex);
    } catch (cause) {
      throw new LedgerError('the ledger did not answer', 'LEDGER_UNAVAILABLE', { cause });
    }
  }

  /**
   * Checks events as `append` would, and appends nothing.
   *
   * @returns for each input what is wrong with it, or `undefined`
   */
  async examine(inputs: readonly ConsentInput[]): Promise<readonly (LedgerError | undefined)[]> {
    const book = await readNotices(this.#knex);
    return inputs.map((input, i) => {
      try {
        this.#resolve(input, i, 1, book);
        return undefined;
      } catch (error) {
        if (error instanceof LedgerError) return error;
        throw error;
      }
    });
  }

  async #append(
    inputs: readonly ConsentInput[],
    options: AppendOptions,
  ): Promise<Appended | undefined> {
    const book = await readNotices(this.#knex);
    const resolved = inputs.map((input, i) => this.#resolve(input, i, inputs.length, book));
    const numbered = await this.#number(inputs, resolved);
    return this.#knex.transaction(async (trx) => {
      if (options.name !== undefined && !(await claimImport(trx, options.name))) return undefined;
      if (options.progress) await noteImport(trx, options.progress);
      if (options.alongside) {
        // The head comes before everything else that is locked, as in an erasure: two that wait for
        // each other would both be undone.
        await trx.raw('select from ledger_head for update');
        await options.alongside(trx, [...new Set(numbered.map(({ subject }) => subject))]);
      }
      const careful = inputs.some(
        (input) => mindsHistory(input) || input.idempotencyKey !== undefined,
      );
      const known = careful ? await this.#recall(trx, numbered) : new Map<number, Appended>();
      const fresh = numbered.filter(({ index }) => !known.has(index));
      const head =
        fresh.length > 0
          ? await this.#write(trx, fresh, versionsOf(book), options)
          : Math.max(0, ...[...known.values()].map((one) => one.head));
      await keepKeys(trx, fresh, head);
      const events = resolved.map((event, i) => known.get(i)?.events[0] ?? event);
      return { head, events };
    });
  }

  #resolve(input: ConsentInput, index: number, count: number, book: NoticeBook): RecordedConsent {
    try {
      if (input.at && input.at.getTime() > Date.now() + clockSkewMs) {
        throw new LedgerError('the event lies in the future', 'CONSENT_INVALID');
      }
      return { ...resolveConsent(input, this.#policy, book), record: uuidv7() };
    } catch (error) {
      if (count === 1 || !(error instanceof LedgerError)) throw error;
      throw new LedgerError(`event ${index + 1}: ${error.message}`, 'CONSENT_INVALID', {
        details: { index },
      });
    }
  }

  async #number(
    inputs: readonly ConsentInput[],
    resolved: readonly RecordedConsent[],
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
      return event.parts.map((part) => ({ input, index: i, part, event, subject }));
    });
  }

  /**
   * Holds what is said against what was said before, while nobody else can append.
   *
   * @returns what was recorded before under the same idempotency key, by the input's place
   */
  async #recall(
    trx: Knex.Transaction,
    numbered: readonly NumberedEvent[],
  ): Promise<ReadonlyMap<number, Appended>> {
    const { rows } = await trx.raw<{ rows: { position: number }[] }>(
      'select position::float8 from ledger_head for update',
    );
    const head = rows[0]?.position ?? 0;
    const known = new Map<number, Appended>();
    for (const one of firstOfEach(numbered)) {
      const before = await recordedUnder(trx, one);
      if (before) known.set(one.index, before);
      if (before || !mindsHistory(one.input)) continue;
      const events = await readEvents(byKnex(trx), [one.subject], timeoutMs);
      checkAgainstHistory(
        one.input,
        one.event.parts,
        events.get(one.subject) ?? [],
        head,
        this.#policy,
      );
    }
    return known;
  }

  async #write(
    trx: Knex.Transaction,
    events: readonly NumberedEvent[],
    versions: number,
    { onProgress, erasedBefore }: AppendOptions,
  ): Promise<number> {
    // Takes the row lock: one writer at a time, positions without gaps, times in their order.
    const { rows } = await trx.raw<{ rows: { position: string }[] }>(
      'update ledger_head set position = position + ? returning position::text',
      [events.length],
    );
    // Only a statement that begins under the lock sees what was published while it was waited for.
    if (events.some(({ input }) => isYes(input.kind) || input.notice !== undefined))
      await assertNotices(trx, versions);
    if (erasedBefore !== undefined && (await newestErasure(trx)) > erasedBefore)
      throw new ErasedMeanwhile();
    const head = Number(rows[0]?.position);
    const first = head - events.length + 1;
    let done = 0;
    for (const statement of statementsOf(events)) {
      const records = statement.map((event, i) =>
        asRecord(event, first + done + i, this.#policy.id),
      );
      const inserted = await trx.raw<{ rowCount: number }>(insertEvents, [JSON.stringify(records)]);
      if (inserted.rowCount !== records.length) throw new NumberGone();
      done += statement.length;
      onProgress?.((statement.at(-1)?.index ?? 0) + 1);
    }
    return head;
  }
}

const versionsOf = (book: NoticeBook): number =>
  [...book.values()].reduce((sum, versions) => sum + versions.length, 0);

/** A yes must not be recorded under a version that is no longer the current one. */
const assertNotices = async (trx: Knex.Transaction, versions: number): Promise<void> => {
  const { rows } = await trx.raw<{ rows: { count: number }[] }>(
    'select count(*)::int as count from notice',
  );
  if (rows[0]?.count !== versions) throw new NoticeMoved();
};
