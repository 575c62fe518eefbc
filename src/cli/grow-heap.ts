import { setFlagsFromString } from 'node:v8';

/** In percent of what was in use after the last collection; V8 by itself takes 10 to 300. */
const growth = 300;

/**
 * For a process that serves: lets V8's heap grow fourfold before all of it is collected, which is as far
 * as V8 goes by itself. Where it judges by what a collection costs the main thread alone it stays far
 * below; but most of one is done by its other threads, and rows and answers in bytes, which count as
 * growth though they go at once, then make it collect several times a second for nothing.
 *
 * Takes effect with the next collection; the heap's limit (`--max-old-space-size`) stands. The flag is
 * V8's (`node --v8-options`), in Node.js 20 to 24.
 */
export const growHeapFreely = (): void => setFlagsFromString(`--heap-growing-percent=${growth}`);
