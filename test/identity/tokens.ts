import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  SignJWT,
  exportJWK,
  generateKeyPair,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';
import type { IdentityConfig } from '../../src/config/config.ts';

/** A key pair of an identity provider, with its public half as a key set lists it. */
export interface TestKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export const makeKey = async (alg: string, kid?: string): Promise<TestKey> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) };
  return { alg, kid, privateKey, jwk };
};

/** 2026-01-01, on the whole second. */
export const start = Date.UTC(2026, 0, 1);
export const seconds = start / 1000;

export const goodClaims: JWTPayload = {
  iss: 'https://idp.example/',
  aud: 'sayso',
  sub: '42',
  client_id: 'shop-web',
  scope: 'openid purpose:RECOMMENDATIONS',
  iat: seconds,
  exp: seconds + 300,
};

/** Signs the good claims with changes; a claim set to `undefined` is left out. */
export const sign = (
  key: TestKey,
  changes: Readonly<Record<string, unknown>> = {},
  header: object = {},
) =>
  new SignJWT({ ...goodClaims, ...changes })
    .setProtectedHeader({ alg: key.alg, ...(key.kid && { kid: key.kid }), ...header })
    .sign(key.privateKey);

export const identity = (
  jwks: IdentityConfig['jwks'],
  changes: Partial<IdentityConfig> = {},
): IdentityConfig => ({
  jwks,
  issuer: 'https://idp.example/',
  audience: 'sayso',
  algorithms: ['ES256', 'EdDSA', 'RS256'],
  toleranceSeconds: 10,
  subjectClaim: 'sub',
  recentSignInSeconds: 900,
  ...changes,
});

/** A key set on loopback; `answer` may be changed while it serves. */
export const serveKeys = async (keys: readonly JWK[]) => {
  const state = { status: 200, body: JSON.stringify({ keys }), requests: 0 };
  const server = createServer((_, response) => {
    state.requests += 1;
    response.writeHead(state.status, { 'content-type': 'application/json' }).end(state.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { state, url: `http://127.0.0.1:${port}/jwks.json`, close };
};
