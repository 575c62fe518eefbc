import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Someone the page may act as; `token` mints a new one at each call. */
export interface DemoCaller {
  readonly name: string;
  readonly token: () => Promise<string>;
}

/** Adds `POST /console/token {"caller": name}` → `{"token": …, "expiresIn": seconds}`. Demo mode only. */
export const registerTokenRoute = (
  scope: FastifyInstance,
  callers: readonly DemoCaller[],
): void => {
  const byName = new Map(callers.map((caller) => [caller.name, caller]));

  scope.post('/console/token', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    if (!isOwnPage(request)) {
      return reply
        .code(403)
        .send(refusal('CROSS_ORIGIN_REFUSED', 'tokens are given to the page of this server only'));
    }
    const body = bodySchema.safeParse(request.body);
    if (!body.success) {
      return reply.code(400).send(refusal('BAD_REQUEST', 'send `{"caller": name}` as JSON'));
    }
    const caller = byName.get(body.data.caller);
    if (caller === undefined) {
      return reply.code(404).send(refusal('CALLER_UNKNOWN', 'no caller has this name'));
    }
    const token = await caller.token();
    return reply.send({ token, expiresIn: secondsLeft(token, Date.now()) });
  });
};

// Not by the schema of the route: Fastify would make code of it.
const bodySchema = z.strictObject({ caller: z.string().max(200) });

const refusal = (code: string, message: string) => ({
  errors: [{ message, extensions: { code } }],
});

/**
 * INVARIANT: one of `Sec-Fetch-Site` and `Origin` says it is us, and neither says otherwise. The
 * host must be a loopback name too: a foreign name made to point at this machine (DNS rebinding)
 * looks same-origin to the browser.
 */
const isOwnPage = (request: FastifyRequest): boolean => {
  const { host, origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host ?? '');
  const siteAgrees = site === undefined || site === 'same-origin';
  const originAgrees = origin === undefined || originHost(origin) === host?.toLowerCase();
  const said = site !== undefined || origin !== undefined;
  return loopback && siteAgrees && originAgrees && said;
};

const originHost = (origin: string): string | undefined =>
  URL.canParse(origin) ? new URL(origin).host : undefined;

/** Seconds until the token's own `exp`; 0 when it says nothing, so that it is used just once. */
const secondsLeft = (token: string, now: number): number => {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    // Any JSON; what is not a number falls to 0.
    const expires = Number((claims as { readonly exp?: unknown } | null)?.exp);
    return Number.isFinite(expires) ? Math.max(0, Math.floor(expires - now / 1000)) : 0;
  } catch {
    return 0;
  }
};
