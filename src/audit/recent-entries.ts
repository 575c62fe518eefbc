import { isoTime } from '../core/iso-time.ts';
import { sharedFound } from './entry-frame.ts';
import type { AuditEntry } from './entry.ts';
import { foundOf, subjectsOf, type Found, type FoundRows } from './found.ts';

/** An entry that was just made durable, whole in one place. */
export interface WrittenEntry {
  readonly log: number;
  readonly index: number;
  readonly at: Date;
  readonly entry: AuditEntry;
}

/** Of ids and persons, all ASCII. */
const mostBytes = 8_000_000;
const mostEntries = 16_384;
const fewestBytes = 65_536;
const idBytes = 36;
const comma = 44;

const foundIn = (entry: AuditEntry): Found =>
  entry.kind === 'operation' ? sharedFound(entry) : foundOf(entry);

/** Where an entry's text starts and ends among the bytes; both 0 for none. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * What entries are found by that this process wrote itself and that are not indexed yet: they need not be
 * read back. Bounded; what is not here is read from the log.
 *
 * It lies in memory outside of V8's heap: what is there for a second and then gone is what costs its
 * collector most, and by as many persons as there are.
 */
export class RecentEntries {
  #log: number | undefined;
  /** Place in the log of the first that may be here; the others follow it by their places. */
  #first = 0;
  #count = 0;
  #places = new Int32Array(2 * 64);
  #times = new Float64Array(64);
  readonly #found: (Found | undefined)[] = [];
  /** Id and persons of one entry after another, in the order in which they came. */
  #bytes = Buffer.allocUnsafeSlow(fewestBytes);
  #end = 0;

  add({ log, index, at, entry }: WrittenEntry): void {
    const subjects = subjectsOf(entry);
    let length = idBytes;
    for (const set of subjects) length += set.length + 1;
    const isOther = log !== this.#log;
    this.#log = log;
    if (isOther || this.#end + length > mostBytes || index - this.#first >= mostEntries)
      this.#beginAt(index);
    if (entry.id.length !== idBytes) return;
    if (this.#count === 0) this.#first = index;
    // Of entries that were written together another may come first.
    if (index < this.#first) this.#beginBefore(index);
    const slot = index - this.#first;
    this.#makeRoom(slot, length);
    const start = this.#end;
    this.#end = this.#put(start, entry.id, subjects);
    this.#places[2 * slot] = start;
    this.#places[2 * slot + 1] = this.#end;
    this.#times[slot] = at.getTime();
    this.#found[slot] = foundIn(entry);
    this.#count = Math.max(this.#count, slot + 1);
  }

  /** Whether entries of this log were added last: it is the one that this process writes. */
  isOf(log: number): boolean {
    return log === this.#log;
  }

  /** Those from a place on without a gap, before `end`; nothing where the first is not here. */
  from(log: number, start: number, end: number): FoundRows | undefined {
    if (log !== this.#log || start < this.#first) return undefined;
    const rows = {
      indexes: [] as number[],
      times: [] as string[],
      ids: [] as string[],
      found: [] as Found[],
    };
    const places: Place[] = [];
    for (
      let slot = start - this.#first;
      slot < Math.min(this.#count, end - this.#first);
      slot += 1
    ) {
      const place = this.#placeAt(slot);
      const found = this.#found[slot];
      // One is there with the other.
      if (place.end === 0 || found === undefined) break;
      places.push(place);
      rows.indexes.push(this.#first + slot);
      rows.times.push(isoTime(new Date(this.#times[slot] ?? NaN)));
      rows.ids.push(this.#bytes.toString('latin1', place.start, place.start + idBytes));
      rows.found.push(found);
    }
    return places.length === 0 ? undefined : { ...rows, subjects: this.#subjectsAt(places) };
  }

  /** They are indexed, or somebody else has indexed further. */
  dropBefore(log: number, place: number): void {
    const dropped = place - this.#first;
    if (log !== this.#log || dropped <= 0) return;
    if (dropped >= this.#count) {
      this.#beginAt(place);
      return;
    }
    this.#places.copyWithin(0, 2 * dropped, 2 * this.#count);
    this.#times.copyWithin(0, dropped, this.#count);
    this.#found.splice(0, dropped);
    this.#count -= dropped;
    this.#places.fill(0, 2 * this.#count);
    this.#first = place;
    this.#closeUp();
  }

  #beginAt(index: number): void {
    this.#first = index;
    this.#count = 0;
    this.#places.fill(0);
    this.#found.length = 0;
    this.#end = 0;
  }

  /** Makes room in front of those that are here, or begins anew where they would be too many. */
  #beginBefore(index: number): void {
    const more = this.#first - index;
    if (more + this.#count > mostEntries) {
      this.#beginAt(index);
      return;
    }
    this.#makeRoom(this.#count + more - 1, 0);
    this.#places.copyWithin(2 * more, 0, 2 * this.#count).fill(0, 0, 2 * more);
    this.#times.copyWithin(more, 0, this.#count);
    this.#found.unshift(...new Array<undefined>(more));
    this.#count += more;
    this.#first = index;
  }

  /** For an entry in a slot, and so many bytes of it. */
  #makeRoom(slot: number, length: number): void {
    if (slot >= this.#times.length) {
      const slots = Math.max(slot + 1, 2 * this.#times.length);
      const places = new Int32Array(2 * slots);
      const times = new Float64Array(slots);
      places.set(this.#places);
      times.set(this.#times);
      this.#places = places;
      this.#times = times;
    }
    if (this.#end + length > this.#bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(this.#end + length, 2 * this.#bytes.length));
      this.#bytes.copy(bytes, 0, 0, this.#end);
      this.#bytes = bytes;
    }
  }

  #put(start: number, id: string, subjects: readonly string[]): number {
    const bytes = this.#bytes;
    let at = start + bytes.write(id, start, 'latin1');
    for (let i = 0; i < subjects.length; i += 1) {
      if (i > 0) {
        bytes[at] = comma;
        at += 1;
      }
      at += bytes.write(subjects[i] ?? '', at, 'latin1');
    }
    return at;
  }

  #placeAt(slot: number): Place {
    return { start: this.#places[2 * slot] ?? 0, end: this.#places[2 * slot + 1] ?? 0 };
  }

  /** As PostgreSQL writes a list: digits, dashes, commas and `?`, of which none has to be escaped. */
  #subjectsAt(places: readonly Place[]): string {
    let length = 2;
    for (const { start, end } of places) length += end - start - idBytes + 3;
    const list = Buffer.allocUnsafe(length);
    let at = list.write('{', 'latin1');
    for (const { start, end } of places) {
      at += list.write(at === 1 ? '"' : ',"', at, 'latin1');
      at += this.#bytes.copy(list, at, start + idBytes, end);
      at += list.write('"', at, 'latin1');
    }
    at += list.write('}', at, 'latin1');
    return list.toString('latin1', 0, at);
  }

  /** Forgets the bytes in front of all that are still here. */
  #closeUp(): void {
    let begin = this.#end;
    for (let slot = 0; slot < this.#count; slot += 1) {
      const { start, end } = this.#placeAt(slot);
      if (end > 0) begin = Math.min(begin, start);
    }
    this.#bytes.copyWithin(0, begin, this.#end);
    this.#end -= begin;
    for (let slot = 0; slot < this.#count; slot += 1) {
      const { start, end } = this.#placeAt(slot);
      if (end === 0) continue;
      this.#places[2 * slot] = start - begin;
      this.#places[2 * slot + 1] = end - begin;
    }
  }
}
