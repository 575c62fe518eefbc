import { randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';

/** Random words are drawn many at once: a call for some takes longer than the rest of an id. */
const words = new Uint32Array(1_024);
let next = words.length;

const generator = new V7Generator({
  nextUint32: () => {
    if (next === words.length) {
      randomFillSync(words);
      next = 0;
    }
    const word = words[next] ?? 0;
    // Each is used once, and kept by nobody.
    words[next] = 0;
    next += 1;
    return word;
  },
});

/** A UUID version 7: ids of one process ascend, and nobody can tell the next beforehand. */
export const uuidv7 = (): string => generator.generate().toString();
