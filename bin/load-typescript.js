// The hook that Node asks for the source of each module (node:module, "Customization hooks").
import { readFile } from 'node:fs/promises';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath, URL } from 'node:url';
import { stop, transform } from 'esbuild';

/** The compiler is a process of its own, which need not stay when all is loaded. */
const idleMs = 5_000;
let idle;
const stopWhenIdle = () => {
  clearTimeout(idle);
  idle = setTimeout(() => void stop(), idleMs);
  idle.unref();
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
  stopWhenIdle();
  const { code } = await transform(await readFile(file, 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'esnext',
    sourcefile: file,
    sourcemap: 'inline',
    sourcesContent: false,
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  }).catch(retell(file));
  return { format: 'module', source: code, shortCircuit: true };
};
