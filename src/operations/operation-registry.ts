import type { Knex } from 'knex';
import { BoundedMap } from '../core/bounded-map.ts';
import { LedgerError } from '../core/errors.ts';
import { shareWhileBusy } from '../core/share-while-busy.ts';

/** Characters of all texts kept; they are a byte or two each. */
const mostCharacters = 8_000_000;

/** What a request needs of a registered operation. */
export interface FoundOperation {
  readonly document: string;
  readonly purpose: string | undefined;
}

interface Wanted {
  readonly client: string;
  readonly sha256: string;
}

interface FoundRow extends Wanted {
  readonly purpose: string | null;
  /** Null where this process has it. */
  readonly document: string | null;
}

/** Hashes have one length, so no two pairs share a key. */
const keyOf = ({ client, sha256 }: Wanted): string => `${sha256}${client}`;

/**
 * Finds registered operations. Whether a client has one is read anew for each use, by a statement
 * that began after it was asked and that all who wait share, so that one that was removed is gone at
 * once, at every replica. Texts never change under their hash and are kept.
 */
export class OperationRegistry {
  readonly #texts = new BoundedMap<string, string>(mostCharacters);
  readonly #read: (one: Wanted) => Promise<ReadonlyMap<string, FoundOperation>>;

  constructor(knex: Knex) {
    this.#read = shareWhileBusy((wanted) => this.#readAll(knex, wanted));
  }

  /** Whether a hash is that of an operation that somebody asked and has registered. */
  knows(sha256: string): boolean {
    return this.#texts.has(sha256);
  }

  /**
   * The operation that a client has registered under a hash.
   * @throws LedgerError LEDGER_UNAVAILABLE when Sayso's own database does not answer
   */
  async find(client: string, sha256: string): Promise<FoundOperation | undefined> {
    const found = await this.#read({ client, sha256 });
    return found.get(keyOf({ client, sha256 }));
  }

  async #readAll(
    knex: Knex,
    wanted: readonly Wanted[],
  ): Promise<ReadonlyMap<string, FoundOperation>> {
    const distinct = [...new Map(wanted.map((one) => [keyOf(one), one])).values()];
    // Held from here on: others may push a text out while the statement runs.
    const texts = new Map(distinct.map(({ sha256 }) => [sha256, this.#texts.get(sha256)]));
    const lacking = [...texts].flatMap(([sha256, text]) => (text === undefined ? [sha256] : []));
    const rows = await readRows(knex, distinct, lacking);
    const found = new Map<string, FoundOperation>();
    for (const row of rows) {
      const document = row.document ?? texts.get(row.sha256);
      if (document === undefined) continue;
      if (row.document !== null) this.#texts.set(row.sha256, document, document.length);
      found.set(keyOf(row), { document, purpose: row.purpose ?? undefined });
    }
    return found;
  }
}

/** Where nothing is registered, because there is no database to keep it in. */
export const noOperations: Pick<OperationRegistry, 'find' | 'knows'> = {
  find: () => Promise.resolve(undefined),
  knows: () => false,
};

const readRows = async (
  knex: Knex,
  wanted: readonly Wanted[],
  lacking: readonly string[],
): Promise<readonly FoundRow[]> => {
  try {
    const { rows } = await knex.raw<{ rows: FoundRow[] }>(
      `select one.client, one.sha256, one.purpose,
         case when one.sha256 = any(?::text[]) then one.document end as document
       from unnest(?::text[], ?::text[]) as wanted(client, sha256)
       join registered_operation one
         on one.client = wanted.client and one.sha256 = wanted.sha256 and one.removed_at is null`,
      [[...lacking], wanted.map(({ client }) => client), wanted.map(({ sha256 }) => sha256)],
    );
    return rows;
  } catch (error) {
    throw new LedgerError('registered operations cannot be read', 'LEDGER_UNAVAILABLE', {
      cause: error,
    });
  }
};
