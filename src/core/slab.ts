/** Bytes of one slab. More would be mapped anew by the system, page for page, each time. */
const slabBytes = 65_536;
/** What is longer has memory of its own: of a slab it would mostly waste the end. */
const mostBytes = slabBytes / 4;
const numberBytes = Int32Array.BYTES_PER_ELEMENT;

let numbers = new ArrayBuffer(slabBytes);
let numbersAt = 0;

/**
 * So many numbers, all of them 0: as `new Int32Array(length)`, but many of them share one piece of memory.
 * V8 keeps memory of typed arrays outside of its heap, and to get, to register and to give back such a
 * piece takes ten times as long as to make the array.
 *
 * For what lives no longer than a request: as long as one of them is there the whole slab stays.
 */
export const int32s = (length: number): Int32Array => {
  const size = length * numberBytes;
  if (size > mostBytes) return new Int32Array(length);
  if (numbersAt + size > slabBytes) {
    numbers = new ArrayBuffer(slabBytes);
    numbersAt = 0;
  }
  const made = new Int32Array(numbers, numbersAt, length);
  // By what was made: a length that is none would else be remembered.
  numbersAt += made.byteLength;
  return made;
};

let bytes = Buffer.allocUnsafeSlow(slabBytes);
let bytesAt = 0;

/**
 * So many bytes, whatever is in them: as `Buffer.allocUnsafe`, which shares no memory among buffers of
 * more than four kilobytes. For what lives no longer than a request, as above.
 */
export const scratchBytes = (length: number): Buffer => {
  if (length > mostBytes) return Buffer.allocUnsafeSlow(length);
  if (bytesAt + length > slabBytes) {
    bytes = Buffer.allocUnsafeSlow(slabBytes);
    bytesAt = 0;
  }
  const made = bytes.subarray(bytesAt, bytesAt + length);
  bytesAt += made.length;
  return made;
};
