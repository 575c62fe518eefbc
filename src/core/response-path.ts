/** A place in an answer, as graphql-js links it: from the leaf to the root. */
export interface ResponsePath {
  readonly prev: ResponsePath | undefined;
  readonly key: string | number;
}

/** The place from the root on: response keys and list indices. */
export const pathOf = (path: ResponsePath): readonly (string | number)[] => {
  const keys: (string | number)[] = [];
  for (let at: ResponsePath | undefined = path; at; at = at.prev) keys.push(at.key);
  return keys.reverse();
};

/** Orders places: indices by number, keys by text. */
export const comparePaths = (
  a: readonly (string | number)[],
  b: readonly (string | number)[],
): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const [left, right] = [a[i] ?? '', b[i] ?? ''];
    if (left === right) continue;
    if (typeof left === 'number' && typeof right === 'number') return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return a.length - b.length;
};
