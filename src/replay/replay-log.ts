import type { Knex } from 'knex';
import { storable } from '../audit/storable.ts';
import type { ErasureEntry, StoredEntry } from '../audit/entry.ts';
import { eachLeaf, entryOf, type LeafRow } from '../audit/leaf-reader.ts';
import { readLog, type LogState } from '../audit/log-state.ts';
import { countRanges } from '../audit/number-ranges.ts';
import { SaysoError } from '../core/errors.ts';
import { severities, type Difference, type Severity } from './difference.ts';
import { readSet, type EntrySet } from './entry-sets.ts';
import { ExpectedDecisions } from './expected.ts';
import {
  ledgerGaps,
  NoticesThen,
  readErasures,
  readLedgerFacts,
  untoldErasures,
  type ErasureRow,
  type LedgerFacts,
} from './ledger-facts.ts';
import { replayOperation, type Derived, type StoredOperation } from './replay-operation.ts';
import { rereadPolicy } from './reread-policy.ts';
import { firstKept } from './retentions.ts';
import { SaidSo } from './said-so.ts';
import { mostLag, readUnheeded, type Unheeded } from './stale-heads.ts';
import { byKnex } from '../core/statement.ts';

export interface ReplayOptions {
  readonly knex: Knex;
  readonly logs: readonly LogState[];
  /** From this entry on, up to that one, which does not count; all that there is when left out. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Told of each difference as it is found. */
  readonly onDifference: (difference: Difference) => void;
  readonly onProgress?: (done: number, total: number) => void;
  /** Persons whose say-so is kept in memory. */
  readonly maxPersons?: number;
}

/** Entries that could not be replayed, because the policy that they name cannot be had. */
export interface LostPolicy {
  readonly policy: string;
  readonly problem: string;
  readonly entries: number;
}

export interface ReplaySummary {
  readonly entries: number;
  /** `[reason, fields, persons]` */
  readonly decisions: number;
  /** Persons × fields that were derived. */
  readonly derived: number;
  /** Of them: several reasons would have been right, by where the person lives. */
  readonly onPlace: number;
  /** Of them: withheld by a rule about the caller, of which nothing is known. */
  readonly notDerivable: number;
  /** Of them: released where a rule about the caller stands, of which nothing is known. */
  readonly onRule: number;
  readonly differences: Readonly<Record<Severity, number>>;
  readonly lost: readonly LostPolicy[];
  /** Operations whose head the ledger has not come to: what rests on say-so was not derived. */
  readonly aheadOfLedger: number;
}

/** Whether everything was replayed and followed. */
export const isSound = ({ differences, lost }: ReplaySummary): boolean =>
  lost.length === 0 && severities.every((severity) => differences[severity] === 0);

/** Entries are derived so many at a time, or when they name so many persons. */
const batchEntries = 500;
const batchPersons = 100_000;

class Replay {
  readonly #options: ReplayOptions;
  readonly #knex: Knex;
  readonly #saidSo: SaidSo;
  readonly #notices: NoticesThen;
  readonly #policies = new Map<string, ExpectedDecisions | { problem: string; entries: number }>();
  readonly #derived: Derived = { cells: 0, onPlace: 0, notDerivable: 0, onRule: 0 };
  readonly #differences: Record<Severity, number> = {
    OVER_RELEASE: 0,
    OVER_WITHHELD: 0,
    REASON: 0,
    RECORD: 0,
  };
  /** What was found out last of where a log begins. */
  #kept = { log: -1, minimum: 0, from: 0 };
  #entries = 0;
  #decisions = 0;
  #ahead = 0;
  #done = 0;
  #total = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#knex = options.knex;
    this.#saidSo = new SaidSo(options.knex, options.maxPersons ?? 50_000);
    this.#notices = new NoticesThen(options.knex);
  }

  async run(): Promise<ReplaySummary> {
    const { logs } = this.#options;
    const { head } = await readLedgerFacts(this.#knex);
    for (const difference of await ledgerGaps(this.#knex, head)) this.#report(difference);
    for (const difference of await untoldErasures(this.#knex)) this.#report(difference);
    this.#total = logs.reduce((sum, log) => sum + this.#rangeOf(log).length, 0);
    for (const log of logs) await this.#log(log);
    return {
      entries: this.#entries,
      decisions: this.#decisions,
      derived: this.#derived.cells,
      onPlace: this.#derived.onPlace,
      notDerivable: this.#derived.notDerivable,
      onRule: this.#derived.onRule,
      differences: this.#differences,
      lost: [...this.#policies].flatMap(([policy, one]) =>
        one instanceof ExpectedDecisions ? [] : [{ policy, ...one }],
      ),
      aheadOfLedger: this.#ahead,
    };
  }

  readonly #report = (difference: Difference): void => {
    this.#differences[difference.severity] += 1;
    this.#options.onDifference(difference);
  };

  #record(
    at: Pick<StoredEntry, 'log' | 'index'> & { readonly id?: string },
    kind: Difference['kind'],
    says: string,
    follows: string,
  ): void {
    const { log, index, id } = at;
    const where = { log, index, ...(id !== undefined && { id }) };
    this.#report({ severity: 'RECORD', kind, ...where, says, follows });
  }

  #rangeOf({ size, minimumIndex }: LogState) {
    const from = this.#options.from ?? 0;
    const to = Math.min(this.#options.to ?? size, size);
    return { from, to, length: Math.max(0, to - Math.max(from, minimumIndex)) };
  }

  async #log(log: LogState): Promise<void> {
    const { from, to } = this.#rangeOf(log);
    // What retention took may be most of the log: reading begins where something is.
    const first = await this.#firstOf(log, from, to);
    const parts = new PartsInOrder(first, (entry, says, follows) =>
      this.#record(entry, 'PARTS', says, follows),
    );
    let next = from;
    let batch: StoredEntry[] = [];
    let persons = 0;
    for await (const leaf of eachLeaf(this.#knex, log, { from: first, to })) {
      if (leaf.index > next) await this.#missing(log, next, leaf.index);
      next = leaf.index + 1;
      const entry = this.#decode(leaf, log.origin);
      if (!entry) continue;
      parts.next(entry);
      batch.push(entry);
      if (entry.kind === 'operation') for (const set of entry.sets) persons += countRanges(set);
      if (batch.length < batchEntries && persons < batchPersons) continue;
      await this.#replay(batch);
      batch = [];
      persons = 0;
    }
    await this.#replay(batch);
    if (next < to) await this.#missing(log, next, to);
    // All parts are written at once, so none can be on its way.
    if (to === log.size) parts.end();
  }

  /** The first entry of a range that is there; its end where there is none. */
  async #firstOf({ id }: LogState, from: number, to: number): Promise<number> {
    const { rows } = await this.#knex.raw<{ rows: { first: number | null }[] }>(
      `select min(index)::float8 as first from audit_entry
       where log = ? and index >= ? and index < ?`,
      [id, from, to],
    );
    return rows[0]?.first ?? to;
  }

  /** Entries that are not there, but for those that retention has taken. */
  async #missing(log: LogState, from: number, to: number): Promise<void> {
    const first = Math.max(from, await this.#keptFrom(log));
    if (first >= to) return;
    this.#record(
      { log: log.origin, index: first },
      'MISSING',
      `${to - first} entr${to - first === 1 ? 'y is' : 'ies are'} not there`,
      `entries up to ${to - 1}`,
    );
  }

  /** Where entries begin, as far as the log itself says that it is kept from there on. */
  async #keptFrom(log: LogState): Promise<number> {
    const now = (await readLog(byKnex(this.#knex), log.id))?.minimumIndex ?? 0;
    // INVARIANT: whoever owns the tables sets the minimum; without an entry that tells of it, it
    // excuses nothing. Looked for anew only when it has moved.
    if (this.#kept.log !== log.id || this.#kept.minimum !== now) {
      const told = now === 0 ? 0 : await firstKept(this.#knex, log);
      this.#kept = { log: log.id, minimum: now, from: Math.min(now, told) };
    }
    return this.#kept.from;
  }

  #decode(leaf: LeafRow, origin: string): StoredEntry | undefined {
    this.#entries += 1;
    try {
      return entryOf(leaf, origin);
    } catch (error) {
      if (!(error instanceof SaysoError)) throw error;
      this.#record({ log: origin, index: leaf.index }, 'ENTRY', error.message, 'an entry');
      return undefined;
    }
  }

  async #replay(entries: readonly StoredEntry[]): Promise<void> {
    // Read after the entries: the ledger has come at least as far as any of them can say.
    const facts = await readLedgerFacts(this.#knex);
    await this.#notices.load(facts.head);
    const read = entries.map((entry) => ({
      entry,
      sets:
        entry.kind === 'operation' ? entry.sets.map((set) => readSet(set, facts.nextNumber)) : [],
    }));
    const numbers = new Set<number>();
    const erased: number[] = [];
    for (const { entry, sets } of read) {
      for (const set of sets) for (const number of set.numbers) numbers.add(number);
      if (entry.kind === 'operation') await this.#loadPolicy(entry.policy);
      if (entry.kind !== 'erasure') continue;
      erased.push(entry.head);
      if (entry.subject !== undefined && entry.subject < facts.nextNumber)
        numbers.add(entry.subject);
    }
    const unheeded = await this.#unheeded(read);
    // What was not heeded lies behind the heads of the entries.
    const needed = unheeded.size > 0 ? facts.head : neededHead(entries, facts.head);
    await this.#saidSo.load(numbers, needed, facts.head);
    const erasures = await readErasures(this.#knex, erased);
    for (const { entry, sets } of read) {
      if (entry.kind === 'operation')
        this.#operation(entry, sets, facts, unheeded.get(entry) ?? new Map());
      else if (entry.kind === 'erasure') this.#erasure(entry, erasures.get(entry.head), facts);
    }
    this.#done += entries.length;
    this.#options.onProgress?.(this.#done, this.#total);
  }

  async #unheeded(
    read: readonly { readonly entry: StoredEntry; readonly sets: readonly EntrySet[] }[],
  ): Promise<ReadonlyMap<StoredEntry, Unheeded>> {
    const operations = read.flatMap(({ entry, sets }) => {
      if (entry.kind !== 'operation') return [];
      const { head, decidedAt } = entry;
      if (head === undefined || decidedAt === undefined) return [];
      return [{ entry, head, decidedAt, numbers: sets.flatMap((set) => set.numbers) }];
    });
    const found = await readUnheeded(this.#knex, operations);
    return new Map([...found].map(([{ entry }, unheeded]) => [entry, unheeded]));
  }

  async #loadPolicy(id: string): Promise<void> {
    if (this.#policies.has(id)) return;
    const { rows } = await this.#knex.raw<{ rows: { sdl: string }[] }>(
      'select sdl from policy where id = ?',
      [id],
    );
    const [row] = rows;
    const reread = row ? rereadPolicy(id, row.sdl) : { problem: 'its text is not in the database' };
    this.#policies.set(
      id,
      reread.problem === undefined
        ? new ExpectedDecisions(reread.policy)
        : { problem: reread.problem, entries: 0 },
    );
  }

  #operation(
    entry: StoredOperation,
    sets: readonly EntrySet[],
    facts: LedgerFacts,
    unheeded: Unheeded,
  ): void {
    const { head, decidedAt, decisions, at } = entry;
    this.#decisions += decisions.length;
    const ledgerIsOlder = head !== undefined && head > facts.head;
    if (ledgerIsOlder) {
      this.#ahead += 1;
      this.#record(
        entry,
        'HEAD',
        `decided at position ${head}`,
        `at most ${facts.head}: the ledger is older than the log`,
      );
    }
    if ((head === undefined) !== (decidedAt === undefined))
      this.#record(entry, 'HEAD', 'a head without a time, or a time without a head', 'both');
    // An older time would keep alive what had ended by then.
    if (decidedAt !== undefined && Math.abs(at.getTime() * 1_000 - decidedAt) > mostLag)
      this.#record(
        entry,
        'HEAD',
        `decided at ${timeText(decidedAt)}`,
        `at most five minutes from ${at.toISOString()}, when it was written`,
      );
    const expected = this.#policies.get(entry.policy);
    if (expected instanceof ExpectedDecisions)
      replayOperation(entry, {
        expected,
        saidSo: this.#saidSo,
        notices: this.#notices,
        sets,
        ledgerIsOlder,
        unheeded,
        derived: this.#derived,
        report: this.#report,
      });
    else if (expected) expected.entries += 1;
  }

  #erasure(
    entry: StoredEntry & ErasureEntry,
    row: ErasureRow | undefined,
    facts: LedgerFacts,
  ): void {
    const differ = (says: string, follows: string): void =>
      this.#record(entry, 'ERASURE', says, follows);
    const { id, head, actor, subject, sources } = entry;
    if (head > facts.head) {
      differ(`at position ${head}`, `at most ${facts.head}: the ledger is older than the log`);
      return;
    }
    if (row?.entry !== id) {
      differ(`an erasure at position ${head}`, 'none there that has this id');
      return;
    }
    const done = row.report.map((line) => [line.source, line.type, line.outcome, line.rows]);
    if ((row.subject ?? undefined) !== subject)
      differ(`subject ${subject ?? 'unknown'}`, `subject ${row.subject ?? 'unknown'}`);
    if (storable(row.actor) !== actor) differ(`by \`${actor}\``, `by \`${row.actor}\``);
    if (JSON.stringify(done) !== JSON.stringify(sources))
      differ('another account of what was done in the sources', JSON.stringify(done));
    if (subject === undefined) return;
    const known = subject < facts.nextNumber && this.#saidSo.wasDrawn(subject);
    const at = known ? this.#saidSo.erased(subject)?.position : undefined;
    if (at === undefined || at > head)
      differ(`subject ${subject} erased`, `no \`erased\` of ${subject} up to position ${head}`);
  }
}

/** Whoever wrote the entry may have written any whole number. */
const timeText = (micros: number): string => {
  const time = new Date(micros / 1_000);
  return Number.isNaN(time.getTime()) ? `${micros} µs` : time.toISOString();
};

/** How far the ledger must be known for these entries. */
const neededHead = (entries: readonly StoredEntry[], head: number): number => {
  let needed = 0;
  for (const entry of entries) {
    // Whoever was shown their own and is unknown must have been erased since.
    const since = entry.kind === 'operation' && entry.actor === 'subject:unknown';
    if (since) return head;
    if (entry.kind === 'operation' || entry.kind === 'erasure')
      needed = Math.max(needed, entry.head ?? 0);
  }
  return Math.min(needed, head);
};

type PartEntry = StoredEntry & { readonly parts?: number };

/** Parts of one operation stand in a row, agree with each other, and none is missing. */
class PartsInOrder {
  readonly #report: (entry: StoredEntry, says: string, follows: string) => void;
  readonly #from: number;
  #last: PartEntry | undefined;

  /** @param from where reading begins: it may be in the middle of an operation */
  constructor(from: number, report: (entry: StoredEntry, says: string, follows: string) => void) {
    this.#from = from;
    this.#report = report;
  }

  next(entry: PartEntry): void {
    const { part, parts } = entry;
    const last = this.#last;
    this.#last = entry;
    const goesOn = last?.id === entry.id && part === (last.part ?? 0) + 1;
    if (last && isOpen(last) && !goesOn) this.#endOf(last);
    if (part === undefined || part === 1) return;
    if (!goesOn) {
      const cut = last === undefined && this.#from > 0;
      if (!cut) this.#report(entry, `part ${part} of ${parts ?? 0}`, `part ${part - 1} before it`);
    } else if (!alike(last, entry))
      this.#report(entry, `part ${part}, of another operation`, 'parts of one operation agree');
  }

  end(): void {
    if (this.#last && isOpen(this.#last)) this.#endOf(this.#last);
  }

  #endOf(last: PartEntry): void {
    const { part = 0, parts = 0 } = last;
    this.#report(last, `part ${part} of ${parts}`, `part ${part + 1} behind it`);
  }
}

const isOpen = ({ part, parts }: PartEntry): boolean =>
  part !== undefined && parts !== undefined && part < parts;

/** All that an operation says once, which each part repeats. */
const alike = (one: PartEntry, other: PartEntry): boolean => {
  const shared = (entry: PartEntry): string =>
    JSON.stringify({
      ...entry,
      ...{ at: 0, index: 0, part: 0, coordinates: [], sets: [], decisions: [] },
    });
  return shared(one) === shared(other);
};

/**
 * Derives every decision that logs tell of anew, from the ledger as it was at the entry's head and
 * the policy that the entry names, and reports each that does not follow. Reads only, in constant
 * memory, and may run beside a gateway.
 */
export const replayLogs = (options: ReplayOptions): Promise<ReplaySummary> =>
  new Replay(options).run();
