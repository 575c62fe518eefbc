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
/** Of a slot: where its id starts plus one, 0 for none; the id's hash; its number. */
const fields = 3;

/** The words after the first that an id of so many bytes takes. */
const wordsOf = (bytes: number): number => (bytes + 3) >>> 2;

/**
 * From ids to numbers, in typed arrays: about 60 bytes for a UUID, more than half of it the id
 * itself. Ids are kept and compared in full, as UTF-8: that two of them have one hash must not make
 * them one person.
 *
 * Open addressing. A slot says where in the slabs its id lies, after a word with its length: what is
 * looked up lies in two places of memory, for each of which the processor may have to wait.
 */
export class IdTable {
  readonly #maxEntries: number;
  readonly #hash: WordHash;
  readonly #id = new IdWords();
  #slots = new Int32Array(fields * fewestSlots);
  /** How many slots there are, less one. */
  #mask = fewestSlots - 1;
  /** Slots taken, with those whose number was removed. */
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
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += fields) {
      if (slots[at + 2] !== number || slots[at] === 0) continue;
      slots[at + 2] = absent;
      const place = slots[at] ?? 0;
      const slab = this.#slabs[(place - 1) >>> slabBits];
      const id = (place - 1) & (slabSize - 1);
      slab?.fill(0, id + 1, id + 1 + wordsOf(slab[id] ?? 0));
    }
  }

  clear(): void {
    this.#slots = new Int32Array(fields * fewestSlots);
    this.#mask = fewestSlots - 1;
    this.#count = 0;
    this.#slabs = [];
    this.#taken = slabSize;
  }

  /** Of the id at hand. */
  #number(): number {
    const { words, length } = this.#id;
    const at = this.#find(this.#hash(words, length));
    return at < 0 ? absent : (this.#slots[at + 2] ?? absent);
  }

  /**
   * Where the slot of the id at hand begins; -1 where there is none.
   *
   * INVARIANT: every byte is compared. A hash alone would now and then take one person for another.
   */
  #find(hash: number): number {
    const { words, length } = this.#id;
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = slot * fields;
      const place = slots[at] ?? 0;
      if (place === 0) return -1;
      if (slots[at + 1] !== hash || slots[at + 2] === absent) continue;
      const slab = this.#slabs[(place - 1) >>> slabBits];
      const id = (place - 1) & (slabSize - 1);
      if (slab === undefined || slab[id] !== length) continue;
      // The words of an id follow its length.
      let left = wordsOf(length);
      while (left > 0 && slab[id + left] === words[left - 1]) left -= 1;
      if (left === 0) return at;
    }
  }

  #set(number: number): void {
    const { words, length } = this.#id;
    const hash = this.#hash(words, length);
    const known = this.#find(hash);
    if (known >= 0) {
      this.#slots[known + 2] = number;
      return;
    }
    const start = this.#store();
    if ((this.#count + 1) * 2 > this.#mask + 1) this.#grow();
    this.#enter(start + 1, hash, number);
    this.#count += 1;
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

  #enter(place: number, hash: number, number: number): void {
    const slots = this.#slots;
    let slot = hash & this.#mask;
    while (slots[slot * fields] !== 0) slot = (slot + 1) & this.#mask;
    slots[slot * fields] = place;
    slots[slot * fields + 1] = hash;
    slots[slot * fields + 2] = number;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += fields) {
      const place = old[at] ?? 0;
      const number = old[at + 2] ?? absent;
      if (place !== 0 && number !== absent) this.#enter(place, old[at + 1] ?? 0, number);
    }
  }
}
