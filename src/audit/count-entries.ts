import type { Knex } from 'knex';
import { SaysoError } from '../core/errors.ts';
import {
  asksForDecisions,
  matchingDecisions,
  prepareFilter,
  type AuditFilter,
} from './audit-filter.ts';
import { eachEntry, indexedFilter, lookUp, originsOf, type FoundEntry } from './audit-reader.ts';
import { rangesHold, unpackRanges } from './number-ranges.ts';
import { releasingReasons } from './reasons.ts';

/** What entries are counted by. Days and hours are those of UTC. */
export const auditKeys = [
  'log',
  'kind',
  'client',
  'actor',
  'purpose',
  'operation',
  'policy',
  'outcome',
  'day',
  'hour',
  'coordinate',
  'reason',
  'released',
  'subject',
] as const;
export type AuditKey = (typeof auditKeys)[number];

/** Keys that are told by decisions alone. */
const ofDecisions: ReadonlySet<AuditKey> = new Set(['coordinate', 'reason', 'released', 'subject']);

/** One group. A key that entries of it do not have is null. */
export interface AuditCount {
  readonly keys: Readonly<Partial<Record<AuditKey, string | null>>>;
  /** An operation in several parts counts once. */
  readonly entries: number;
  /**
   * About one field of one person, as often as entries tell of them; null where neither keys nor
   * filter ask for decisions, so that none was looked at.
   */
  readonly decisions: number | null;
  /** Different ones. */
  readonly persons: number | null;
}

export interface CountOptions {
  /** Most entries that may have to be decoded. */
  readonly most?: number;
  readonly mostGroups?: number;
}

const tooMuch = (what: string): SaysoError =>
  new SaysoError(`${what}; count by fewer keys, or give \`from\` and \`to\``, {
    code: 'AUDIT_TOO_MUCH',
    status: 400,
  });
const tooManyGroups = (most: number): SaysoError =>
  tooMuch(`there would be more than ${most} groups`);

/** Different numbers, in blocks of 4,096. */
class Numbers {
  readonly #blocks = new Map<number, Uint32Array>();
  size = 0;

  /** @returns how many blocks were added */
  add(number: number): number {
    const at = number >>> 12;
    let block = this.#blocks.get(at);
    const added = block === undefined ? 1 : 0;
    if (block === undefined) this.#blocks.set(at, (block = new Uint32Array(128)));
    const word = (number & 4095) >>> 5;
    const bit = 1 << (number & 31);
    const known = block[word] ?? 0;
    if ((known & bit) === 0) {
      block[word] = known | bit;
      this.size += 1;
    }
    return added;
  }
}

/** About 100 MB of persons. */
const mostBlocks = 150_000;

interface Group {
  readonly keys: AuditCount['keys'];
  readonly persons: Numbers;
  entries: number;
  decisions: number;
  /** Parts of one operation follow each other. */
  last: string;
}

/** Groups while entries stream by. */
class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #by: readonly AuditKey[];
  readonly #most: number;
  #blocks = 0;

  constructor(by: readonly AuditKey[], most: number) {
    this.#by = by;
    this.#most = most;
  }

  #of(values: AuditCount['keys']): Group {
    const key = JSON.stringify(this.#by.map((name) => values[name] ?? null));
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= this.#most) throw tooManyGroups(this.#most);
      const keys = Object.fromEntries(this.#by.map((name) => [name, values[name] ?? null]));
      group = { keys, persons: new Numbers(), entries: 0, decisions: 0, last: '' };
      this.#groups.set(key, group);
    }
    return group;
  }

  #note(group: Group, id: string, decisions: number): void {
    if (group.last !== id) group.entries += 1;
    group.last = id;
    group.decisions += decisions;
  }

  #person(group: Group, number: number): void {
    if (number < 0) return;
    this.#blocks += group.persons.add(number);
    if (this.#blocks > mostBlocks) throw tooMuch('these are too many persons to tell apart');
  }

  add({ entry, log, at, id }: FoundEntry, filter: AuditFilter): void {
    if (entry?.kind !== 'operation') return;
    const day = at.toISOString();
    const common = {
      log,
      kind: entry.kind,
      client: entry.client,
      actor: entry.actor,
      purpose: entry.purpose ?? null,
      operation: entry.operation ?? null,
      policy: entry.policy,
      outcome: entry.outcome,
      day: day.slice(0, 10),
      hour: `${day.slice(0, 13)}:00Z`,
    };
    const { coordinates, sets } = entry;
    const by = new Set(this.#by);
    const { subject: only } = filter;
    // Sets are disjoint and bounded, as `decodeEntry` demands; each is unpacked once at most.
    const unpacked = new Map<number, readonly number[]>();
    const numbersOf = (set: number): readonly number[] => {
      const ranges = sets[set] ?? '';
      if (only !== undefined) return rangesHold(ranges, only) ? [only] : [];
      const numbers = unpacked.get(set) ?? unpackRanges(ranges);
      unpacked.set(set, numbers);
      return numbers;
    };
    for (const [reason, fields, among] of matchingDecisions(entry, filter)) {
      const released = String(releasingReasons.has(reason));
      const numbers = among.flatMap((set) => numbersOf(set));
      const groupOf = (field: number, subject?: string): Group =>
        this.#of({
          ...common,
          coordinate: coordinates[field] ?? '',
          reason,
          released,
          ...(subject !== undefined && { subject }),
        });
      // Fields of one decision have the same persons.
      const apart = by.has('coordinate') ? fields : fields.slice(0, 1);
      const times = by.has('coordinate') ? 1 : fields.length;
      for (const field of apart) {
        if (by.has('subject')) {
          for (const number of numbers) {
            const group = groupOf(field, number < 0 ? '?' : String(number));
            this.#note(group, id, times);
            this.#person(group, number);
          }
          continue;
        }
        const group = groupOf(field);
        this.#note(group, id, times * numbers.length);
        for (const number of numbers) this.#person(group, number);
      }
    }
  }

  list(): readonly AuditCount[] {
    return [...this.#groups.values()].map(({ keys, entries, decisions, persons }) => ({
      keys,
      entries,
      decisions,
      persons: persons.size,
    }));
  }
}

const sqlOf: Readonly<Partial<Record<AuditKey, string>>> = {
  log: 'f.log::text',
  kind: 'f.kind',
  client: 'f.client',
  actor: 'f.actor',
  purpose: 'f.purpose',
  operation: 'f.operation',
  policy: 'f.policy',
  outcome: 'f.outcome',
  day: `to_char(f.at at time zone 'UTC', 'YYYY-MM-DD')`,
  hour: `to_char(f.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:00"Z"')`,
};

/** Where no decision is asked for the index alone tells. */
const countIndexed = async (
  knex: Knex,
  filter: AuditFilter,
  by: readonly AuditKey[],
  mostGroups: number,
): Promise<readonly AuditCount[]> => {
  const logs = await originsOf(knex);
  const sql = indexedFilter(filter, logs);
  if (!sql) return [];
  const { rows } = await knex.raw<{ rows: (Record<string, string | null> & { n: number })[] }>(
    `select ${[...by.map((name, i) => `${sqlOf[name] ?? 'null'} as k${i}`), 'count(distinct f.id) as n'].join(', ')}
     from ${sql.from} where ${sql.where}
     ${by.length === 0 ? '' : `group by ${by.map((_, i) => i + 1).join(', ')}`} limit ?`,
    [...(sql.values as string[]), mostGroups + 1],
  );
  if (rows.length > mostGroups) throw tooManyGroups(mostGroups);
  return rows.map((row) => ({
    keys: Object.fromEntries(
      by.map((name, i) => {
        const value = row[`k${i}`] ?? null;
        return [name, name === 'log' ? (logs.get(Number(value)) ?? value) : value];
      }),
    ),
    entries: row.n,
    decisions: null,
    persons: null,
  }));
};

/** How many entries the index takes for meant; some of them may not be. */
export const countCandidates = async (knex: Knex, filter: AuditFilter): Promise<number> => {
  const sql = indexedFilter(prepareFilter(filter), await originsOf(knex));
  if (!sql) return 0;
  const { rows } = await lookUp(knex, sql, (on) =>
    on.raw<{ rows: { n: number }[] }>(
      `select count(*) as n from ${sql.from} where ${sql.where}`,
      sql.values as string[],
    ),
  );
  return rows[0]?.n ?? 0;
};

const byCount = (a: AuditCount, b: AuditCount): number =>
  b.entries - a.entries || (JSON.stringify(a.keys) < JSON.stringify(b.keys) ? -1 : 1);

/**
 * Counts entries in groups, most entries first. Where keys or filter ask for decisions, entries are
 * decoded one after the other, in constant memory.
 *
 * @throws SaysoError AUDIT_TOO_MUCH
 */
export const countEntries = async (
  knex: Knex,
  filter: AuditFilter,
  by: readonly AuditKey[],
  { most = Infinity, mostGroups = 10_000 }: CountOptions = {},
): Promise<readonly AuditCount[]> => {
  const prepared = prepareFilter(filter);
  const keys = [...new Set(by)];
  if (!keys.some((key) => ofDecisions.has(key)) && !asksForDecisions(filter))
    return [...(await countIndexed(knex, prepared, keys, mostGroups))].sort(byCount);
  // Ordered only so that parts of one operation follow each other.
  const groups = new Groups(keys, mostGroups);
  let seen = 0;
  for await (const found of eachEntry(knex, filter)) {
    seen += 1;
    if (seen > most) throw tooMuch(`more than ${most} entries would have to be read`);
    groups.add(found, prepared);
  }
  return [...groups.list()].sort(byCount);
};
