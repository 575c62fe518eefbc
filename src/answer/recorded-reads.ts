import { isDeepStrictEqual } from 'node:util';
import { SourceError } from '../core/errors.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { Find, RawRows, RequestSignals, Row, Source, Sources } from '../sources/source.ts';

interface Recorded {
  readonly read: ReadPlan;
  readonly find: Find;
  readonly rows: () => Promise<readonly Row[]>;
}

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

  constructor(sources: Sources, signals: RequestSignals) {
    this.#sources = sources;
    this.#signals = signals;
  }

  /** @throws SourceError as the source does */
  async fetchRaw(read: ReadPlan, find: Find): Promise<RawRows> {
    const source = this.#sources.get(read.source);
    if (source?.fetchRaw === undefined)
      throw new SourceError(
        `source \`${read.source}\` does not give bytes`,
        'SOURCE_UNAVAILABLE',
        read.source,
      );
    const raw = source.fetchRaw(read, find, this.#signals);
    this.#recorded.push({ read, find, rows: async () => asRows(await raw) });
    return raw;
  }

  /** The sources as they were found: what was read before is answered from here. */
  again(): Sources {
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
    const known = this.#recorded.find(
      (one) => isDeepStrictEqual(one.read, read) && isDeepStrictEqual(one.find, find),
    );
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
