import fastify from 'fastify';
import { makeRoutes } from '../../../src/core/make-routes.ts';

/* Run by itself, where no text may become code: builds servers, and tells who could make some. */

const builtIn = globalThis.Function;

const makesCode = (): boolean => {
  try {
    new Function('return 1'); // eslint-disable-line @typescript-eslint/no-implied-eval
    return true;
  } catch {
    return false;
  }
};
/** As a text that got into an object may reach it. */
const reaches = (): boolean => {
  try {
    Reflect.construct({}.constructor.constructor, ['return 1']);
    return true;
  } catch {
    return false;
  }
};

const within: boolean[] = [];
const built = async (ms: number) => {
  const server = fastify();
  await new Promise((done) => setTimeout(done, ms));
  server.get('/people/:one/:two/:three/:four/:five', (request) => request.params);
  within.push(makesCode(), reaches());
  await server.ready();
  return server;
};
const outcomes = await Promise.allSettled([
  makeRoutes(() => built(20)),
  makeRoutes(() => built(1)),
  makeRoutes(() => Promise.reject(new Error('no server'))),
]);
const answers: unknown[] = [];
for (const outcome of outcomes) {
  if (outcome.status === 'rejected') answers.push((outcome.reason as Error).message);
  else answers.push((await outcome.value.inject({ url: '/people/a/b/c/d/e' })).json());
}
let late = 'was built';
try {
  fastify().get('/people/:one', () => 1);
} catch (error) {
  late = (error as Error).name;
}
const after = [makesCode(), reaches(), globalThis.Function !== builtIn];
process.stdout.write(JSON.stringify({ within, answers, late, after }));
