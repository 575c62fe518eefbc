import { setFlagsFromString } from 'node:v8';

/** In percent of what was in use after the last collection; V8 by itself takes 10 to 300. */
const growth = 300;

/** Bytecodes of the functions that V8 may make part of one that it compiles; by itself it takes 920. */
const inlined = 2_000;

/**
 * For a process that serves: what V8 is to do otherwise than by itself, in Node.js 20 to 24
 * (`node --v8-options`). Takes effect with the next collection, and with what is compiled from then on.
 *
 * - The heap may grow fourfold before all of it is collected, which is as far as V8 goes by itself. Where
 *   it judges by what a collection costs the main thread alone it stays far below; but most of one is done
 *   by its other threads, and rows and answers in bytes, which count as growth though they go at once,
 *   then make it collect several times a second for nothing. The heap's limit (`--max-old-space-size`)
 *   stands.
 * - More of the small functions that a loop over cells calls become part of it, where they are more than
 *   V8 usually takes in.
 */
export const tuneEngine = (): void => {
  setFlagsFromString(`--heap-growing-percent=${growth}`);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${inlined}`);
};
