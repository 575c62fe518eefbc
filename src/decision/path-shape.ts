/**
 * The path of a field in an answer, whichever rows it is of: what is the same in all paths to it, and
 * gaps where the places in lists stand.
 */
export interface PathShape {
  /** Response keys from the root on, null for each gap. */
  readonly keys: readonly (string | null)[];
  /** Its text in JSON between the gaps, in UTF-8: `"customers.nodes.` and `.email"`. */
  readonly pieces: readonly Buffer[];
}

/** @param keys response keys from the root on, null for each place in a list */
export const pathShape = (keys: readonly (string | null)[]): PathShape => {
  const texts: string[] = [];
  let text = '"';
  keys.forEach((key, i) => {
    if (i > 0) text += '.';
    // Names of GraphQL: nothing in them has to be escaped.
    if (key !== null) text += key;
    else {
      texts.push(text);
      text = '';
    }
  });
  texts.push(`${text}"`);
  return { keys, pieces: texts.map((piece) => Buffer.from(piece)) };
};

/** How many places in lists a path has. */
export const gapsOf = ({ pieces }: PathShape): number => pieces.length - 1;

/** One path: response keys and indices, the latter from `at` on. */
export const pathIn = (
  { keys }: PathShape,
  indices: readonly number[],
  at: number,
): readonly (string | number)[] => {
  let gap = at;
  return keys.map((key) => key ?? indices[gap++] ?? -1);
};
