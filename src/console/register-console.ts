import { createRequire } from 'node:module';
import fastifyStatic from '@fastify/static';
import { getDistDirectory } from 'altair-static';
import type { FastifyInstance } from 'fastify';
import { type ConsoleFile, loadConsoleFiles } from './console-files.ts';
import { compileConsolePage, type SampleQuery } from './console-page.ts';
import { type DemoCaller, registerTokenRoute } from './token-route.ts';

export interface ConsoleOptions {
  /** Path of the GraphQL endpoint on this server, for example `/graphql`. */
  readonly endpoint: string;
  readonly sampleQueries: readonly SampleQuery[];
  /** Given in demo mode only: whoever opens the page may then act as each of these callers. */
  readonly callers?: readonly DemoCaller[];
}

/**
 * Serves the offline GraphQL console at `/`, and what it is made of under `/console/`.
 *
 * ```ts
 * await registerConsole(app, { endpoint: '/graphql', sampleQueries, callers });
 * ```
 */
export const registerConsole = async (
  app: FastifyInstance,
  options: ConsoleOptions,
): Promise<void> => {
  const files = await loadConsoleFiles();
  const ideBase = `/console/altair-${altairVersion()}/`;
  const page = compileConsolePage({ ...options, ideBase, files });

  // A scope of its own, so that its headers reach no other route of the server.
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (_request, reply) => {
      reply.headers(commonHeaders);
    });

    scope.get('/', async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-cache')
        .header('content-security-policy', contentSecurityPolicy)
        .send(page),
    );

    serveFile(scope, files.script);
    serveFile(scope, files.style);

    await scope.register(fastifyStatic, {
      root: getDistDirectory(),
      prefix: ideBase,
      decorateReply: false,
      index: false,
      // The version is in the path, so a file never changes under its address.
      immutable: true,
      maxAge: '365d',
      // Left out: the page we serve ourselves, and the frame that runs a user's own scripts, which
      // the policy of the page forbids anyway.
      allowedPath: (path) => path !== '/index.html' && !path.startsWith('/iframe-sandbox/'),
    });

    if (options.callers !== undefined) registerTokenRoute(scope, options.callers);
  });
};

const altairVersion = (): string => {
  const manifest: unknown = createRequire(import.meta.url)('altair-static/package.json');
  return (manifest as { readonly version: string }).version; // an npm manifest always has one
};

const serveFile = (scope: FastifyInstance, file: ConsoleFile): void => {
  scope.get(file.path, async (_request, reply) =>
    reply
      .type(file.type)
      .header('cache-control', 'public, max-age=31536000, immutable')
      .send(file.content),
  );
};

const commonHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // For the files and the token route; the page replaces it.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/**
 * Only files of this server run: no `unsafe-eval`, no inline script. What is widened:
 * - inline styles: Altair's theme, its icons and sizes are `<style>` elements and `style` attributes
 *   made while it runs, and only some of them carry the nonce it can be given. Nothing runs by them,
 *   and as images, fonts and requests stay on this server they can send nothing away either;
 * - `data:` images: the icons within Altair's style sheet.
 */
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "frame-src 'none'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
