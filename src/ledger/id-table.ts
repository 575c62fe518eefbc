import { randomBytes } from 'node:crypto';
import { IdWords, isIdSize } from './id-words.ts';
import { createKeyedHash, type WordHash } from './keyed-hash.ts';

/** What stands for an id that is not in the table. */
export const absent = -1;

/** In words of four bytes. */
const slabBits = 18;
const slabSize = 1 << slabBits;
/** Where an id starts is told in 32 bits. */
const maxSlabs = 2 ** (32 - slabBits);
const fewestSlots = 64;
/** Of an entry: where its id starts, the id's hash, the number. */
const fields = 3;

/** The words after the first that an id of so many bytes takes. */
const wordsOf = (bytes: number): number => (bytes + 3) >>> 2;

/**
 * From ids to numbers, in typed arrays: about 60 bytes for a UUID, more than half of it the id
 * itself. Ids are kept and compared in full, as UTF-8: that two of them have one hash must not make
 * them one person.
 *
 * Open addressing: a slot holds the place of an entry plus one, an entry says where in the slabs its
 * id lies, after a word with its length.
 */
export class IdTable {
  readonly #maxEntries: number;
  readonly #hash: WordHash;
  readonly #id = new IdWords();
  #slots = new Int32Array(fewestSlots);
  #entries = new Int32Array(fields * fewestSlots);
  /** Entries, with those whose number was removed. */
  #count = 0;
  #slabs: Int32Array[] = [];
  /** Words taken of the last slab. */
  #taken = slabSize;

  /** @param hash under a secret of this table's own, unless a test brings a worse one */
  constructor(maxEntries: number, hash: WordHash = createKeyedHash(randomBytes(8))) {
    this.#maxEntries = maxEntries;
    this.#hash = hash;
  }

  /** The number of the id that lies in `view`, as UTF-8; `absent` where it is not known. */
  get(view: DataView, from: number, length: number): number {
    if (!isIdSize(length)) return absent;
    this.#id.take(view, from, length);
    return this.#number();
  }

  /** The same for an id as text. */
  getText(id: string): number {
    return this.#id.takeText(id) ? this.#number() : absent;
  }

  /**
   * Keeps numbers, each of an id of its own. Where they do not fit, all others are given up first;
   * where they would not fit even then, none of them is kept.
   */
  keep(numbers: ReadonlyMap<string, number>): void {
    if (this.#count + numbers.size > this.#maxEntries) this.clear();
    if (numbers.size > this.#maxEntries) return;
    for (const [id, number] of numbers) if (this.#id.takeText(id)) this.#set(number);
  }

  /** Forgets whose number it was: the bytes of the id go as well. */
  remove(number: number): void {
    const entries = this.#entries;
    const end = this.#count * fields;
    for (let entry = 0; entry < end; entry += fields) {
      if (entries[entry + 2] !== number) continue;
      entries[entry + 2] = absent;
      const start = (entries[entry] ?? 0) >>> 0;
      const at = start & (slabSize - 1);
      const slab = this.#slabs[start >>> slabBits];
      slab?.fill(0, at + 1, at + 1 + wordsOf(slab[at] ?? 0));
    }
  }

  clear(): void {
    this.#slots = new Int32Array(fewestSlots);
    this.#entries = new Int32Array(fields * fewestSlots);
    this.#count = 0;
    this.#slabs = [];
    this.#taken = slabSize;
  }

  /** Of the id at hand. */
  #number(): number {
    const { words, length } = this.#id;
    const entry = this.#find(this.#hash(words, length));
    return entry < 0 ? absent : (this.#entries[entry + 2] ?? absent);
  }

  /** Where the entry of the id at hand begins; -1 where there is none. */
  #find(hash: number): number {
    const slots = this.#slots;
    const entries = this.#entries;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = ((slots[at] ?? 0) - 1) * fields;
      if (entry < 0) return -1;
      if (entries[entry + 1] !== hash || entries[entry + 2] === absent) continue;
      if (this.#isAt((entries[entry] ?? 0) >>> 0)) return entry;
    }
  }

  // INVARIANT: every byte is compared. A hash alone would now and then take one person for another.
  #isAt(start: number): boolean {
    const { words, length } = this.#id;
    const slab = this.#slabs[start >>> slabBits];
    if (slab === undefined) return false;
    const at = start & (slabSize - 1);
    if (slab[at] !== length) return false;
    for (let i = wordsOf(length) - 1; i >= 0; i -= 1)
      if (slab[at + 1 + i] !== words[i]) return false;
    return true;
  }

  #set(number: number): void {
    const { words, length } = this.#id;
    const hash = this.#hash(words, length);
    const known = this.#find(hash);
    if (known >= 0) {
      this.#entries[known + 2] = number;
      return;
    }
    const start = this.#store();
    if ((this.#count + 1) * 8 > this.#slots.length * 5) this.#grow();
    const entry = this.#count * fields;
    this.#entries[entry] = start;
    this.#entries[entry + 1] = hash;
    this.#entries[entry + 2] = number;
    this.#count += 1;
    this.#enter(entry);
  }

  /** Copies the id at hand; where it starts. */
  #store(): number {
    const { words, length } = this.#id;
    const size = 1 + wordsOf(length);
    if (this.#taken + size > slabSize) {
      if (this.#slabs.length === maxSlabs) this.clear();
      this.#slabs.push(new Int32Array(slabSize));
      this.#taken = 0;
    }
    const last = this.#slabs.length - 1;
    const slab = this.#slabs[last];
    const at = this.#taken;
    slab?.fill(length, at, at + 1);
    slab?.set(words.subarray(0, size - 1), at + 1);
    this.#taken += size;
    return last * slabSize + at;
  }

  #enter(entry: number): void {
    const mask = this.#slots.length - 1;
    let at = (this.#entries[entry + 1] ?? 0) & mask;
    while (this.#slots[at] !== 0) at = (at + 1) & mask;
    this.#slots[at] = entry / fields + 1;
  }

  #grow(): void {
    const entries = new Int32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.#count * fields; entry += fields) {
      if (entries[entry + 2] !== absent) this.#enter(entry);
    }
  }
}
