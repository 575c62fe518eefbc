// The hook that Node asks for the source of each module (node:module, "Customization hooks").
import { readFile } from 'node:fs/promises';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath, URL } from 'node:url';
import { stop, transform } from 'esbuild';

/** The compiler is a process of its own, which need not stay when all is loaded. */
const idleMs = 5_000;
let idle;
let underWay = 0;
/** It may take longer: where the machine is busy, or was asleep. */
const compiled = async (text, options) => {
  clearTimeout(idle);
  underWay += 1;
  try {
    return await transform(text, options);
  } finally {
    underWay -= 1;
    if (underWay === 0) {
      idle = setTimeout(() => void stop(), idleMs);
      idle.unref();
    }
  }
};

/** In one line, with the place: whoever reads it may see no more of an error. */
const retell = (file) => (error) => {
  const [first] = error.errors ?? [];
  if (!first) throw error;
  const { line, column } = first.location ?? {};
  throw new SyntaxError(`${file}:${line}:${column + 1}: ${first.text}`);
};

/** Takes the types out of TypeScript, and changes nothing else of it. */
export const load = async (url, context, next) => {
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'file:' || !/\.m?ts$/.test(pathname)) return next(url, context);
  const file = fileURLToPath(url);
  const { code } = await compiled(await readFile(file, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'esnext',
    sourcefile: file,
    sourcemap: 'inline',
    sourcesContent: false,
    // A deployment's modules may name a type without saying that it is one, as TypeScript lets them.
  }).catch(retell(file));
  return { format: 'module', source: code, shortCircuit: true };
};
