/** In UTF-16, as JavaScript counts. */
const maxIdLength = 256;
/** The most that as many take in UTF-8. */
const maxIdBytes = 3 * maxIdLength;

/** Whether a text can be a person's id. */
export const isNumberable = (id: string): boolean =>
  id.length > 0 && id.length <= maxIdLength && !id.includes('\0') && id.isWellFormed();

/** Whether as many bytes of UTF-8 can be one. */
export const isIdSize = (bytes: number): boolean => bytes > 0 && bytes <= maxIdBytes;

/**
 * One id at a time, as words of four bytes of its UTF-8: they are hashed, compared and copied in a
 * quarter of the steps. The same words on every machine, whether it came as text or as bytes.
 */
export class IdWords {
  /** The last one is filled up with zeros, and one that is zero follows where nothing is left. */
  readonly words = new Int32Array(maxIdBytes / 4 + 1);
  /** In bytes. */
  length = 0;
  readonly #encoder = new TextEncoder();
  readonly #bytes = new Uint8Array(maxIdBytes);
  readonly #view = new DataView(this.#bytes.buffer);

  /** Takes an id from where it lies. Its size was checked by `isIdSize`. */
  take(view: DataView, from: number, length: number): void {
    const whole = length >>> 2;
    for (let i = 0; i < whole; i += 1) this.words[i] = view.getInt32(from + 4 * i, true);
    let rest = 0;
    for (let at = from + length - 1; at >= from + 4 * whole; at -= 1)
      rest = (rest << 8) | view.getUint8(at);
    this.words[whole] = rest;
    this.length = length;
  }

  /** The same for an id as text; false when it cannot be one. */
  takeText(id: string): boolean {
    const { length } = id;
    if (length === 0 || length > maxIdLength) return false;
    let word = 0;
    for (let i = 0; i < length; i += 1) {
      const unit = id.charCodeAt(i);
      if (unit > 0x7f) return this.#encode(id);
      word |= unit << ((i & 3) << 3);
      if ((i & 3) === 3) {
        this.words[i >> 2] = word;
        word = 0;
      }
    }
    this.words[length >> 2] = word;
    this.length = length;
    return true;
  }

  #encode(id: string): boolean {
    // Half a surrogate pair would be written as U+FFFD, and so as somebody else.
    if (!id.isWellFormed()) return false;
    this.take(this.#view, 0, this.#encoder.encodeInto(id, this.#bytes).written);
    return true;
  }
}
