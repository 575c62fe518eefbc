const firstSize = 16_384;

/**
 * Bytes of an answer while it is written. Grows by doubling; what it was before is left to others.
 * Whoever writes asks for room first and then writes without further checks.
 */
export class AnswerBuffer {
  bytes: Buffer = Buffer.allocUnsafe(firstSize);
  /** Where the next byte goes. */
  at = 0;

  /** Makes room for so many bytes more. */
  room(more: number): void {
    const needed = this.at + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  /** Short pieces byte by byte: a call into the runtime costs more than they do. */
  copy(from: Uint8Array, start: number, length: number): void {
    this.room(length);
    const { bytes } = this;
    let { at } = this;
    if (length > 48) bytes.set(from.subarray(start, start + length), at);
    else for (let i = start, end = start + length; i < end; i += 1) bytes[at++] = from[i] ?? 0;
    this.at += length;
  }

  /** A piece that was made beforehand. */
  piece(piece: Uint8Array): void {
    this.copy(piece, 0, piece.length);
  }

  /** Text as it is, in UTF-8. */
  text(text: string): void {
    this.room(text.length * 3);
    this.at += this.bytes.write(text, this.at);
  }

  /** Text as a JSON string. */
  string(text: string): void {
    this.text(JSON.stringify(text));
  }

  /** What was written. */
  done(): Buffer {
    return this.bytes.subarray(0, this.at);
  }
}
