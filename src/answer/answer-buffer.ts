import { NotPlain } from './not-plain.ts';

/** Where nothing is known of an answer's size. */
const usualBytes = 16_384;
/** By values an answer would be a string, which holds no more than twice as much. */
const mostBytes = 256 * 2 ** 20;
/** From here on copying at once is cheaper. */
const longPiece = 64;

/**
 * Bytes of an answer while it is written. Grows by doubling; what it was before is left to others.
 * Whoever writes asks for room first and then writes without further checks.
 */
export class AnswerBuffer {
  bytes: Buffer;
  /** Where the next byte goes. */
  at = 0;

  /** @param expected bytes that it will come to, about */
  constructor(expected = usualBytes) {
    this.bytes = Buffer.allocUnsafe(expected);
  }

  /** Makes room for so many bytes more. */
  room(more: number): void {
    const needed = this.at + more;
    if (needed <= this.bytes.length) return;
    this.#mustFit();
    if (needed > mostBytes) throw new NotPlain('more bytes than an answer may hold');
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  /** One byte, for which there is room. */
  put(value: number): void {
    this.bytes[this.at++] = value;
  }

  /**
   * A piece, for which there is room. Short ones byte by byte: a call into the runtime costs more
   * than they do.
   */
  piece(from: Uint8Array, start = 0, length = from.length): void {
    const { bytes } = this;
    let { at } = this;
    if (length > longPiece) {
      bytes.set(from.subarray(start, start + length), at);
      at += length;
    } else {
      for (let i = start, end = start + length; i < end; i += 1) bytes[at++] = from[i] ?? 0;
    }
    this.at = at;
  }

  /** Text as it is, in UTF-8. */
  text(text: string): void {
    // A unit of UTF-16 takes three bytes at most; only where that is too much they are counted.
    if (this.at + text.length * 3 > this.bytes.length) this.room(Buffer.byteLength(text));
    this.at += this.bytes.write(text, this.at);
  }

  /** Text as a JSON string. */
  string(text: string): void {
    this.text(JSON.stringify(text));
  }

  /** What was written. */
  done(): Buffer {
    this.#mustFit();
    return this.bytes.subarray(0, this.at);
  }

  /** What is written beyond the end is lost without a word: whoever did not ask for room is told. */
  #mustFit(): void {
    if (this.at > this.bytes.length) throw new RangeError('an answer was written without room');
  }
}
