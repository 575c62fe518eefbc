import { closest, distance } from 'fastest-levenshtein';

const letters = (word: string): string => Array.from(word).toSorted().join('');

/**
 * The known word that a misspelt one most likely meant, or `undefined` when none is near: at most
 * a third of its letters differ, or two changed places. Case does not count.
 */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const sameButCase = known.find((one) => one.toLowerCase() === word.toLowerCase());
  if (sameButCase !== undefined || known.length === 0) return sameButCase;
  const swapped = known.find((one) => distance(word, one) === 2 && letters(word) === letters(one));
  if (swapped !== undefined) return swapped;
  const best = closest(word, known);
  return distance(word, best) <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
};

/**
 * A mend for a word outside a closed list. Only known words are repeated, never the word itself:
 * it may be a secret in the wrong place.
 */
export const didYouMean = (word: string, known: readonly string[]): string => {
  const near = nearest(word, known);
  const all = known.map((one) => `\`${one}\``).join(', ');
  return near === undefined ? `use one of ${all}` : `did you mean \`${near}\`? known are ${all}`;
};
