import fastify, { type FastifyInstance } from 'fastify';
import { buildSchema, graphql } from 'graphql';
import { registerConsole, type ConsoleOptions } from '../../src/console/register-console.ts';

const jwt = (claims: Readonly<Record<string, unknown>>): string => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2lnbmF0dXJl`;
};

export const sampleQueries = [
  {
    name: 'Who am I',
    query: 'query WhoAmI @for(purpose: RECOMMENDATIONS) {\n  whoami\n}',
    shows: 'Which caller the gateway sees.',
  },
  {
    name: 'A greeting',
    query: 'query Greeting @for(purpose: FULFILMENT) {\n  greeting\n}',
    shows: 'A second query,\nin a tab of its own </script><script>alert(1)</script>.',
  },
  {
    name: 'Both',
    query: 'query Both @for(purpose: RECOMMENDATIONS) {\n  whoami\n  greeting\n}',
    shows: 'Two fields at once.',
  },
];

/** Mints tokens that can be told apart: `sub` is the caller, `n` counts the tokens minted. */
export const demoCallers = (secondsValid = 600) => {
  let minted = 0;
  const caller = (name: string) => ({
    name,
    token: () => {
      minted += 1;
      const exp = Math.floor(Date.now() / 1000) + secondsValid;
      return Promise.resolve(jwt({ sub: name, n: minted, exp }));
    },
  });
  return [caller('Recommendation service'), caller('Warehouse'), caller('Customer 7')];
};

export interface Seen {
  readonly authorization: string | undefined;
  readonly introspection: boolean;
}

const schema = buildSchema(`
  directive @for(purpose: Purpose!) on QUERY
  enum Purpose { RECOMMENDATIONS FULFILMENT }
  type Query { "The caller." whoami: String "Always the same." greeting: String }
`);

/** The console over a stub endpoint, which notes what it is sent. */
export const consoleServer = async (
  options: Partial<ConsoleOptions> = {},
): Promise<{ app: FastifyInstance; seen: Seen[] }> => {
  const app = fastify();
  const seen: Seen[] = [];
  app.post('/graphql', async (request) => {
    const { query } = request.body as { query: string };
    const { authorization } = request.headers;
    seen.push({ authorization, introspection: query.includes('__schema') });
    return graphql({
      schema,
      source: query,
      rootValue: { whoami: subjectOf(authorization), greeting: 'good day' },
    });
  });
  await registerConsole(app, { endpoint: '/graphql', sampleQueries, ...options });
  return { app, seen };
};

/** The caller a bearer token names, or what was sent instead. */
export const subjectOf = (authorization: string | undefined): string => {
  if (authorization === undefined) return 'nobody';
  const payload = /^Bearer [^.]+\.([^.]+)\./.exec(authorization)?.[1];
  if (payload === undefined) return authorization;
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub;
};
