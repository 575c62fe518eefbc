import type { Knex } from 'knex';
import { currentNotices } from './notice-book.ts';
import { readNotices } from './notice-store.ts';

/**
 * Which versions of notices are current at a position of the ledger, and tell of which purpose.
 * Read again only when one was published.
 */
export class NoticesInForce {
  readonly #knex: Knex;
  #at = -1;
  #byPurpose: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /**
   * @param purposes leaves
   * @param position of the newest notice at the head that is decided at; 0 where there is none
   * @returns `club@2`, each once, sorted
   * @throws whatever the database says
   */
  async telling(purposes: readonly string[], position: number): Promise<readonly string[]> {
    const byPurpose = position === this.#at ? this.#byPurpose : await this.#read(position);
    const [only] = purposes;
    if (purposes.length === 1 && only !== undefined) return byPurpose.get(only) ?? [];
    return [...new Set(purposes.flatMap((purpose) => byPurpose.get(purpose) ?? []))].sort();
  }

  async #read(position: number): Promise<ReadonlyMap<string, readonly string[]>> {
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
