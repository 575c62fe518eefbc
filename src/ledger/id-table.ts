import { randomBytes } from 'node:crypto';
import { createKeyedHash, type ByteHash } from './keyed-hash.ts';

/** What stands for an id that is not in the table. */
export const absent = -1;

const slabBits = 20;
const slabSize = 1 << slabBits;
/** Where an id starts is told in 32 bits. */
const maxSlabs = 2 ** (32 - slabBits);
const fewestSlots = 64;
/** Of an entry: where its id starts, the id's hash, the number. */
const fields = 3;
/** In UTF-16, as JavaScript counts. */
const maxIdLength = 256;
/** The most that as many take in UTF-8. */
export const maxIdBytes = 3 * maxIdLength;

/** Whether a text can be a person's id. */
export const isNumberable = (id: string): boolean =>
  id.length > 0 && id.length <= maxIdLength && !id.includes('\0') && id.isWellFormed();

/**
 * From ids to numbers, in typed arrays: about 57 bytes for a UUID, half of it the id itself. Ids are
 * kept and compared in full, as UTF-8: that two of them have one hash must not make them one person.
 *
 * Open addressing: a slot holds the place of an entry plus one, an entry says where in the slabs its
 * id lies, with two bytes of length before it.
 */
export class IdTable {
  readonly #maxEntries: number;
  readonly #hash: ByteHash;
  readonly #scratch = Buffer.alloc(maxIdBytes);
  readonly #encoder = new TextEncoder();
  #slots = new Int32Array(fewestSlots);
  #entries = new Int32Array(fields * fewestSlots);
  /** Entries, with those whose number was removed. */
  #count = 0;
  #slabs: Uint8Array[] = [];
  /** Bytes taken of the last slab. */
  #taken = slabSize;

  /** @param hash under a secret of this process's own, unless a test brings a worse one */
  constructor(maxEntries: number, hash: ByteHash = createKeyedHash(randomBytes(8))) {
    this.#maxEntries = maxEntries;
    this.#hash = hash;
  }

  /** The number of the id that lies in `bytes`, as UTF-8; `absent` where it is not known. */
  get(bytes: Uint8Array, from: number, length: number): number {
    const entry = this.#find(bytes, from, length, this.#hash(bytes, from, from + length));
    return entry < 0 ? absent : (this.#entries[entry + 2] ?? absent);
  }

  /** The same for an id as text. */
  getText(id: string): number {
    const length = this.#encode(id);
    return length < 0 ? absent : this.get(this.#scratch, 0, length);
  }

  /**
   * Keeps numbers, each of an id of its own. Where they do not fit, all others are given up first;
   * where they would not fit even then, none of them is kept.
   */
  keep(numbers: ReadonlyMap<string, number>): void {
    if (this.#count + numbers.size > this.#maxEntries) this.clear();
    if (numbers.size > this.#maxEntries) return;
    for (const [id, number] of numbers) this.#set(id, number);
  }

  /** Forgets whose number it was: the bytes of the id go as well. */
  remove(number: number): void {
    const end = this.#count * fields;
    for (let entry = 0; entry < end; entry += fields) {
      if (this.#entries[entry + 2] !== number) continue;
      this.#entries[entry + 2] = absent;
      const { slab, at, length } = this.#place(entry);
      slab.fill(0, at, at + length);
    }
  }

  clear(): void {
    this.#slots = new Int32Array(fewestSlots);
    this.#entries = new Int32Array(fields * fewestSlots);
    this.#count = 0;
    this.#slabs = [];
    this.#taken = slabSize;
  }

  #place(entry: number) {
    const start = (this.#entries[entry] ?? 0) >>> 0;
    const slab = this.#slabs[start >>> slabBits];
    if (slab === undefined) throw new Error('an entry without its id');
    const at = start & (slabSize - 1);
    return { slab, at: at + 2, length: (slab[at] ?? 0) | ((slab[at + 1] ?? 0) << 8) };
  }

  /** Where the entry of an id begins; -1 where there is none. */
  #find(bytes: Uint8Array, from: number, length: number, hash: number): number {
    const slots = this.#slots;
    const entries = this.#entries;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = ((slots[at] ?? 0) - 1) * fields;
      if (entry < 0) return -1;
      if (entries[entry + 1] !== hash || entries[entry + 2] === absent) continue;
      if (this.#holds(entry, bytes, from, length)) return entry;
    }
  }

  // INVARIANT: every byte is compared. A hash alone would now and then take one person for another.
  #holds(entry: number, bytes: Uint8Array, from: number, length: number): boolean {
    const start = (this.#entries[entry] ?? 0) >>> 0;
    const slab = this.#slabs[start >>> slabBits];
    let at = start & (slabSize - 1);
    if (slab === undefined) return false;
    if (((slab[at] ?? 0) | ((slab[at + 1] ?? 0) << 8)) !== length) return false;
    at += 2;
    for (let i = 0; i < length; i += 1) if (slab[at + i] !== bytes[from + i]) return false;
    return true;
  }

  #set(id: string, number: number): void {
    const length = this.#encode(id);
    if (length < 0) return;
    const hash = this.#hash(this.#scratch, 0, length);
    const known = this.#find(this.#scratch, 0, length, hash);
    if (known >= 0) {
      this.#entries[known + 2] = number;
      return;
    }
    const start = this.#store(length);
    if ((this.#count + 1) * 8 > this.#slots.length * 5) this.#grow();
    const entry = this.#count * fields;
    this.#entries[entry] = start;
    this.#entries[entry + 1] = hash;
    this.#entries[entry + 2] = number;
    this.#count += 1;
    this.#enter(entry);
  }

  /** Copies the id out of the scratch; where it starts. */
  #store(length: number): number {
    if (this.#taken + 2 + length > slabSize) {
      if (this.#slabs.length === maxSlabs) this.clear();
      this.#slabs.push(new Uint8Array(slabSize));
      this.#taken = 0;
    }
    const last = this.#slabs.length - 1;
    const at = this.#taken;
    const slab = this.#slabs[last];
    slab?.set([length & 0xff, length >> 8], at);
    slab?.set(this.#scratch.subarray(0, length), at + 2);
    this.#taken += 2 + length;
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

  /** Puts an id into the scratch as UTF-8: its length in bytes, -1 when no table would hold it. */
  #encode(id: string): number {
    const { length } = id;
    if (length > maxIdLength) return -1;
    for (let i = 0; i < length; i += 1) {
      const unit = id.charCodeAt(i);
      if (unit > 0x7f) {
        // Half a surrogate pair would be written as U+FFFD, and so as somebody else.
        if (!id.isWellFormed()) return -1;
        return this.#encoder.encodeInto(id, this.#scratch).written;
      }
      this.#scratch[i] = unit;
    }
    return length;
  }
}
