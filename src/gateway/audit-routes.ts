import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { listLogs, readResource } from '../audit/serve-log.ts';
import { ForbiddenError, IdentityError, SaysoError } from '../core/errors.ts';
import type { Caller } from '../identity/caller.ts';

export interface AuditRoutesOptions {
  readonly knex: Knex;
  /** @throws IdentityError */
  readonly verify: (authorization: string | undefined) => Promise<Caller>;
}

const compress = promisify(gzip);
/** Only the client's own, since a token was needed. */
const forEver = 'private, max-age=31536000, immutable';
const notKept = 'no-store';

const acceptsGzip = ({ headers }: FastifyRequest): boolean =>
  /(?:^|[\s,])gzip(?:[\s,]|$)/.test(headers['accept-encoding'] ?? '');

const nothing = (): SaysoError =>
  new SaysoError('there is nothing here', { code: 'NOT_FOUND', status: 404 });

/** The logs as C2SP tlog-tiles has them, below `/audit/`, for who may read the audit log. */
export const auditRoutes =
  ({ knex, verify }: AuditRoutesOptions): FastifyPluginCallback =>
  (scope, _options, done) => {
    scope.addHook('onRequest', async (request, reply) => {
      void reply.header('cache-control', notKept);
      void reply.header('x-content-type-options', 'nosniff');
      try {
        // Sizes tell how much is asked, and entries who asks.
        if ((await verify(request.headers.authorization)).mayReadAudit) return;
      } catch (error) {
        if (error instanceof IdentityError) void reply.header('www-authenticate', 'Bearer');
        throw error;
      }
      throw new ForbiddenError('`/audit` needs the scope `audit:read`');
    });
    scope.get('/audit/logs', async () => ({ logs: await listLogs(knex) }));
    scope.get('/audit/*', async (request, reply) => {
      // A wildcard is one text.
      const { '*': path } = request.params as { readonly '*': string };
      const resource = await readResource(knex, path);
      if (!resource) throw nothing();
      const { type, body, immutable } = resource;
      void reply.type(type);
      if (immutable) void reply.header('cache-control', forEver);
      return sendBody(request, reply, body);
    });
    done();
  };

const sendBody = async (
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
): Promise<FastifyReply> => {
  void reply.header('vary', 'accept-encoding, authorization');
  // Entries are much alike; hashes cannot be made smaller.
  const isWorth = request.url.includes('/tile/entries/') && acceptsGzip(request);
  if (!isWorth) return reply.send(body);
  return reply.header('content-encoding', 'gzip').send(await compress(body));
};
