import type { Encoded } from './parameters.ts';

/** Most parameters that a message can count. */
const mostValues = 65_535;
const usualBytes = 65_536;
/** A larger one is not kept for the next. */
const mostKept = 2 ** 20;
/** A text of so few units is written unit by unit, which costs less than a call of the runtime. */
const fewUnits = 64;

/** The results as texts; then `Describe` and `Execute` of the unnamed portal. */
const afterValues = Buffer.from(
  '00010000' + '4400000006' + '5000' + '4500000009' + '0000000000',
  'hex',
);

/** Where requests are written before they are copied out; nothing is awaited meanwhile. */
let scratch = Buffer.allocUnsafeSlow(usualBytes);

/**
 * Requests of PostgreSQL's extended protocol, written one behind the other so that they are sent at
 * once, in one piece.
 *
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class Requests {
  #at = 0;

  /** The server is to forget a statement. */
  close(name: string): void {
    const start = this.#begin('C');
    this.#byte(0x53); // 'S': a statement
    this.#text(name);
    this.#byte(0);
    this.#end(start);
  }

  /** The server is to prepare a statement, without a name for this once. */
  parse(name: string, text: string): void {
    const start = this.#begin('P');
    this.#text(name);
    this.#byte(0);
    this.#text(text);
    this.#byte(0);
    // It finds out by itself of what type each parameter is.
    this.#int16(0);
    this.#end(start);
  }

  /**
   * The statement is carried out, and its rows are described: what it gives may have changed since it
   * was prepared.
   *
   * @throws RangeError for more values than a statement can have
   */
  carryOut(name: string, values: readonly Encoded[]): void {
    if (values.length > mostValues)
      throw new RangeError(`a statement has at most ${mostValues} values`);
    const start = this.#begin('B');
    this.#byte(0);
    this.#text(name);
    this.#byte(0);
    this.#int16(values.length);
    for (const value of values) this.#int16(typeof value === 'object' && value !== null ? 1 : 0);
    this.#int16(values.length);
    for (const value of values) this.#value(value);
    this.#bytes(afterValues);
    // What stands behind the format of the results is of other requests.
    writeInt32(start, this.#at - start - (afterValues.length - 4));
  }

  /** The end of what is carried out as one. */
  sync(): void {
    this.#end(this.#begin('S'));
  }

  /** All of them. */
  done(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#at);
    bytes.set(scratch.subarray(0, this.#at));
    if (scratch.length > mostKept) scratch = Buffer.allocUnsafeSlow(usualBytes);
    return bytes;
  }

  #value(value: Encoded): void {
    if (value === null) {
      this.#int32(-1);
      return;
    }
    const lengthAt = this.#at;
    this.#int32(0);
    if (typeof value === 'string') this.#text(value);
    else this.#bytes(value);
    writeInt32(lengthAt, this.#at - lengthAt - 4);
  }

  /** @returns where its length stands */
  #begin(code: string): number {
    this.#byte(code.charCodeAt(0));
    this.#int32(0);
    return this.#at - 4;
  }

  /** The length counts itself. */
  #end(start: number): void {
    writeInt32(start, this.#at - start);
  }

  #byte(value: number): void {
    this.#room(1);
    scratch[this.#at++] = value;
  }

  #int16(value: number): void {
    this.#room(2);
    scratch[this.#at++] = value >>> 8;
    scratch[this.#at++] = value;
  }

  #int32(value: number): void {
    this.#room(4);
    writeInt32(this.#at, value);
    this.#at += 4;
  }

  #bytes(bytes: Buffer): void {
    this.#room(bytes.length);
    scratch.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #text(text: string): void {
    if (text.length <= fewUnits && this.#ascii(text)) return;
    // A unit of UTF-16 takes three bytes at most; of long texts they are counted.
    this.#room(text.length <= fewUnits ? 3 * text.length : Buffer.byteLength(text));
    this.#at += scratch.write(text, this.#at);
  }

  /** @returns false, with nothing written that counts, where it is not ASCII */
  #ascii(text: string): boolean {
    this.#room(text.length);
    let at = this.#at;
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      scratch[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  #room(more: number): void {
    const needed = this.#at + more;
    if (needed <= scratch.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * scratch.length));
    scratch.copy(grown, 0, 0, this.#at);
    scratch = grown;
  }
}

const writeInt32 = (at: number, value: number): void => {
  scratch[at] = value >>> 24;
  scratch[at + 1] = value >>> 16;
  scratch[at + 2] = value >>> 8;
  scratch[at + 3] = value;
};
