import type { Knex } from 'knex';
import { currentNotices } from './notice-book.ts';
import { readNotices } from './notice-store.ts';

type ByPurpose = ReadonlyMap<string, readonly string[]>;

const none: readonly string[] = [];

const namedFor = (purposes: readonly string[], byPurpose: ByPurpose): readonly string[] => {
  const [only] = purposes;
  if (purposes.length === 1 && only !== undefined) return byPurpose.get(only) ?? none;
  return [...new Set(purposes.flatMap((purpose) => byPurpose.get(purpose) ?? none))].sort();
};

/**
 * Which versions of notices are current at a position of the ledger, and tell of which purpose.
 * Read again only when one was published.
 */
export class NoticesInForce {
  readonly #knex: Knex;
  #at = -1;
  #byPurpose: ByPurpose = new Map();

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /**
   * @param purposes leaves
   * @param position of the newest notice at the head that is decided at; 0 where there is none
   * @returns `club@2`, each once, sorted; at once where none was published since
   * @throws whatever the database says
   */
  telling(
    purposes: readonly string[],
    position: number,
  ): readonly string[] | Promise<readonly string[]> {
    if (position === this.#at) return namedFor(purposes, this.#byPurpose);
    return this.#read(position).then((byPurpose) => namedFor(purposes, byPurpose));
  }

  async #read(position: number): Promise<ByPurpose> {
    const byPurpose = new Map<string, string[]>();
    if (position > 0) {
      const book = new Map(
        [...(await readNotices(this.#knex))].map(([id, versions]) => [
          id,
          versions.filter((version) => version.position <= position),
        ]),
      );
      for (const { id, version, purposes } of currentNotices(book)) {
        for (const { purpose } of purposes) {
          const named = byPurpose.get(purpose) ?? [];
          byPurpose.set(purpose, named);
          named.push(`${id}@${version}`);
        }
      }
      for (const named of byPurpose.values()) named.sort();
    }
    // A request of before may come back with an older position: the newest is what is kept.
    if (position > this.#at) {
      this.#at = position;
      this.#byPurpose = byPurpose;
    }
    return byPurpose;
  }
}
