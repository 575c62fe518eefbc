const zero = 48;

/** Most digits of a number that `writeWhole` writes. */
export const mostWholeDigits = 10;

/** Writes a whole number of 0 to 2,147,483,647 in decimal, for which there is room, and gives where it ends. */
export const writeWhole = (bytes: Uint8Array, at: number, number: number): number => {
  let end = at + 1;
  for (let rest = number; rest >= 10; rest = (rest / 10) | 0) end += 1;
  let rest = number;
  for (let i = end - 1; i >= at; i -= 1) {
    const tenth = (rest / 10) | 0;
    bytes[i] = zero + rest - 10 * tenth;
    rest = tenth;
  }
  return end;
};
