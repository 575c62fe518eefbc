import { compileFunction } from 'node:vm';

const real = globalThis.Function;
/** Builds under way. */
let building = 0;

/** Not under `node --disallow-code-generation-from-strings`. */
const mayMakeCode = (): boolean => {
  try {
    new real('');
    return true;
  } catch {
    return false;
  }
};

const routerFile = /[\\/]node_modules[\\/]find-my-way[\\/]/;

/** Whether whoever calls what calls this is the router of Fastify. */
const isForRouter = (): boolean => {
  const [, , , caller = ''] = new Error().stack?.split('\n') ?? [];
  return routerFile.test(caller);
};

const forRouterOnly = new Proxy(real, {
  construct: (target, args: readonly unknown[], made): object => {
    if (!isForRouter()) return Reflect.construct(target, args, made) as object;
    const texts = args.map(String);
    return compileFunction(texts.at(-1) ?? '', texts.slice(0, -1));
  },
});

/**
 * Builds a server and its routes, also where no text may become code: Fastify's router compiles our
 * own routes by `new Function`, and gets `node:vm` in its place, which that flag of Node leaves alone.
 *
 * INVARIANT: it is the router's alone, and is gone when the server is built: before it listens.
 */
export const makeRoutes = async <T>(build: () => Promise<T>): Promise<T> => {
  if (mayMakeCode()) return build();
  building += 1;
  globalThis.Function = forRouterOnly;
  try {
    return await build();
  } finally {
    building -= 1;
    if (building === 0) globalThis.Function = real;
  }
};
