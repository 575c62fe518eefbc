import { isDeepStrictEqual } from 'node:util';
import { SourceError } from '../core/errors.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type {
  Below,
  Find,
  RawRows,
  RequestSignals,
  Row,
  Source,
  Sources,
} from '../sources/source.ts';
import { NotPlain } from './not-plain.ts';

interface Recorded {
  readonly read: ReadPlan;
  readonly find: Find;
  readonly rows: () => Promise<readonly Row[]>;
}

/**
 * What is sought, as one text. Rows come in the order of their key, or in groups by value: in what
 * order the values were named, which hangs on who carries out and when, makes no difference to them.
 */
const soughtBy = (find: Find): string => {
  switch (find.by) {
    case 'equal': {
      const tuples = find.tuples.map((tuple) => JSON.stringify(tuple)).sort();
      return JSON.stringify([find.by, find.columns, find.first, tuples]);
    }
    case 'via': {
      const { by, table, on, to, first, values } = find;
      return JSON.stringify([by, table, on, to, first, [...values].sort()]);
    }
    case 'page':
      return JSON.stringify([find.by, find.among, find.after, find.limit]);
    case 'subject':
      return JSON.stringify([find.by, find.id, find.after, find.limit]);
  }
};

const asRows = (raw: RawRows): readonly Row[] =>
  Array.from({ length: raw.count }, (_, row) => ({
    values: Array.from({ length: raw.width }, (_, column) => raw.value(row, column)),
  }));

/**
 * What one operation has read. Carried out once more, in another way, it is given the same rows and
 * the same failures: whatever comes out otherwise then is no change of the data.
 */
export class RecordedReads {
  readonly #sources: Sources;
  readonly #signals: RequestSignals;
  readonly #recorded: Recorded[] = [];
  #isPast = false;

  constructor(sources: Sources, signals: RequestSignals) {
    this.#sources = sources;
    this.#signals = signals;
  }

  /**
   * @throws SourceError as the source does
   * @throws NotPlain once the operation is carried out in another way: where one part of it has given
   *   bytes up, others may still be reading
   */
  async fetchRaw(read: ReadPlan, find: Find): Promise<RawRows> {
    if (this.#isPast) throw new NotPlain('bytes were given up meanwhile');
    const source = this.#sources.get(read.source);
    if (source?.fetchRaw === undefined)
      throw new SourceError(
        `source \`${read.source}\` does not give bytes`,
        'SOURCE_UNAVAILABLE',
        read.source,
      );
    const raw = source.fetchRaw(read, find, this.#signals);
    // No more than what it takes to find it again: few operations are carried out twice.
    this.#recorded.push({ read, find, rows: async () => asRows(await raw) });
    return raw;
  }

  /**
   * Rows together with those below them; what of these is wanted, `took` is to be told of.
   * @returns nothing where they are to be asked for one by one
   * @throws SourceError as the source does
   */
  fetchAlong(
    read: ReadPlan,
    find: Find,
    below: readonly Below[],
  ): Promise<readonly [RawRows, ...RawRows[]] | undefined> {
    const source = this.#sources.get(read.source);
    if (this.#isPast || source?.fetchAlong === undefined) return Promise.resolve(undefined);
    const all = source.fetchAlong(read, find, below, this.#signals);
    const rows = async (): Promise<readonly Row[]> => {
      const [first] = (await all) ?? [];
      return first ? asRows(first) : source.fetch(read, find, this.#signals);
    };
    // Where nothing comes of it, whoever asked reads it by itself: what is recorded last counts.
    this.#recorded.push({ read, find, rows });
    return all;
  }

  /** Takes down rows that were read otherwise than by `fetchRaw`, as if they had been. */
  took(read: ReadPlan, find: Find, raw: RawRows): void {
    this.#recorded.push({ read, find, rows: () => Promise.resolve(asRows(raw)) });
  }

  /** The sources as they were found: what was read before is answered from here. */
  again(): Sources {
    this.#isPast = true;
    return new Map(
      [...this.#sources].map(([name, source]) => [
        name,
        recordedSource(source, (read, find, signals) => this.#fetch(source, read, find, signals)),
      ]),
    );
  }

  #fetch(
    source: Source,
    read: ReadPlan,
    find: Find,
    signals: RequestSignals | undefined,
  ): Promise<readonly Row[]> {
    const sought = soughtBy(find);
    const alike = this.#recorded.filter((one) => soughtBy(one.find) === sought);
    // The very part of the plan, else one that reads the same: between the two the rows may change.
    const known =
      alike.findLast((one) => one.read === read) ??
      alike.findLast((one) => isDeepStrictEqual(one.read, read));
    if (known) return known.rows();
    const rows = source.fetch(read, find, signals);
    // Whoever reads first handles it when it fails.
    rows.catch(() => undefined);
    this.#recorded.push({ read, find, rows: () => rows });
    return rows;
  }
}

const recordedSource = (source: Source, fetch: Source['fetch']): Source => ({
  name: source.name,
  maxRows: source.maxRows,
  fetch,
  erase: (requests, id) => source.erase(requests, id),
  check: (types, domain) => source.check(types, domain),
  subjectKind: (type) => source.subjectKind(type),
  close: () => source.close(),
});
