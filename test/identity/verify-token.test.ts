import { createHmac } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, importJWK, type CryptoKey } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { IdentityError } from '../../src/core/errors.ts';
import { createVerifier, type Verifier } from '../../src/identity/verify-token.ts';
import {
  goodClaims,
  identity,
  makeKey,
  seconds,
  serveKeys,
  sign,
  start,
  type TestKey,
} from './tokens.ts';

let dir = '';
let file = '';
let key: TestKey;
let other: TestKey;
let rsa: TestKey;
let now = start;
const clock = () => now;
const publish = (...keys: TestKey[]) => {
  writeFileSync(`${file}.new`, JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  renameSync(`${file}.new`, file);
};
const refusal = async (verify: Verifier, authorization: string | undefined): Promise<string> => {
  const error: unknown = await verify(authorization).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(IdentityError);
  expect(error).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  return (error as IdentityError).message;
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sayso-identity-'));
  file = join(dir, 'jwks.json');
  key = await makeKey('ES256', 'one');
  other = await makeKey('ES256', 'two');
  rsa = await makeKey('RS256', 'rsa');
  publish(key, rsa);
});
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(() => {
  now = start;
  vi.useRealTimers();
});

describe('a token is accepted', () => {
  it.each(['ES256', 'RS256', 'EdDSA'])('signed with %s', async (alg) => {
    const own = await makeKey(alg, alg);
    const { url, close } = await serveKeys([own.jwk]);
    const caller = await createVerifier(identity({ url }), clock)(`Bearer ${await sign(own)}`);
    expect(caller).toMatchObject({ client: 'shop-web', sub: '42', subject: '42' });
    expect([...caller.purposes]).toEqual(['RECOMMENDATIONS']);
    await close();
  });

  it.each(['bearer', 'BEARER', 'Bearer '])('with the scheme written %s', async (scheme) => {
    const verify = createVerifier(identity({ file }), clock);
    expect((await verify(`${scheme} ${await sign(key)}`)).sub).toBe('42');
  });

  it.each([
    ['expired within tolerance', { exp: seconds - 9 }],
    ['issued ahead within tolerance', { iat: seconds + 10 }],
    ['not yet valid within tolerance', { nbf: seconds + 10 }],
    ['for several audiences', { aud: ['other', 'sayso'] }],
  ])('%s', async (_, changes) => {
    const verify = createVerifier(identity({ file }), clock);
    expect((await verify(`Bearer ${await sign(key, changes)}`)).sub).toBe('42');
  });

  it.each(['JWT', 'at+jwt', 'application/at+jwt', 'AT+JWT'])('of type %s', async (typ) => {
    const verify = createVerifier(identity({ file }), clock);
    expect((await verify(`Bearer ${await sign(key, {}, { typ })}`)).sub).toBe('42');
  });

  it('without a key id while two keys of a kind are published', async () => {
    const [first, second] = [await makeKey('ES256'), await makeKey('ES256')];
    const { url, close } = await serveKeys([first.jwk, second.jwk]);
    const verify = createVerifier(identity({ url }), clock);
    for (const one of [first, second])
      expect((await verify(`Bearer ${await sign(one)}`)).sub).toBe('42');
    const message = await refusal(verify, `Bearer ${await sign(await makeKey('ES256'))}`);
    expect(message).toBe('the signature of the token does not verify');
    await close();
  });
});

describe('a token is refused', () => {
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims: [string, Record<string, unknown>, string][] = [
    ['of another audience', { aud: 'else' }, 'the token is meant for another audience'],
    ['without audience', { aud: undefined }, 'the token lacks the claim `aud`'],
    ['of another issuer', { iss: 'https://evil.example/' }, 'the token is from another issuer'],
    ['without issuer', { iss: undefined }, 'the token lacks the claim `iss`'],
    ['expired', { exp: seconds - 10 }, 'the token has expired'],
    ['not valid yet', { nbf: seconds + 11 }, 'the token is not valid yet'],
    ['issued in the future', { iat: seconds + 11 }, 'the token was issued in the future'],
    ['without exp', { exp: undefined }, 'the token lacks the claim `exp`'],
    ['without iat', { iat: undefined }, 'the token lacks the claim `iat`'],
    ['without sub', { sub: undefined }, 'the token lacks the claim `sub`'],
    ['with an empty sub', { sub: '' }, 'the claim `sub` of the token has the wrong form'],
    [
      'with a list for client',
      { client_id: ['a'] },
      'the claim `client_id` of the token has the wrong form',
    ],
    [
      'with an object for scope',
      { scope: {} },
      'the claim `scope` of the token has the wrong form',
    ],
    [
      'with numbers for scp',
      { scope: undefined, scp: [1] },
      'the claim `scp` of the token has the wrong form',
    ],
  ];
  it.each(claims)('%s', async (_, changes, message) => {
    const verify = createVerifier(identity({ file }), clock);
    expect(await refusal(verify, `Bearer ${await sign(key, changes)}`)).toBe(message);
  });

  it('with a time that is text', async () => {
    const { privateKey } = key;
    const text = { ...goodClaims, exp: 'tomorrow' };
    const head = b64({ alg: 'ES256', kid: 'one' });
    const data = Buffer.from(`${head}.${b64(text)}`);
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      privateKey,
      data,
    );
    const token = `${data.toString()}.${Buffer.from(signature).toString('base64url')}`;
    const verify = createVerifier(identity({ file }), clock);
    expect(await refusal(verify, `Bearer ${token}`)).toBe(
      'the claim `exp` of the token has the wrong form',
    );
  });

  it.each([
    [undefined, /no token/],
    ['', /no token/],
    ['Basic dTpw', /does not start with `Bearer`/],
    ['Bearer', /malformed/],
    ['Bearer  ', /malformed/],
    ['Bearer abc', /malformed/],
    ['Bearer a.b.c', /malformed/],
    ['Bearer ....', /malformed/],
    [`Bearer ${'YWFh'.repeat(3)}.e30.YWFh`, /malformed/],
    [`Bearer ${'a'.repeat(8193)}`, /larger than 8 kB/],
    [`Bearer ${'a'.repeat(5_000_000)}`, /larger than 8 kB/],
  ])('when the header is %.30s', async (header, message) => {
    expect(await refusal(createVerifier(identity({ file }), clock), header)).toMatch(message);
  });

  it('that is larger than 8 kB though it is signed well', async () => {
    const token = await sign(key, { filler: 'x'.repeat(8000) });
    const verify = createVerifier(identity({ file }), clock);
    expect(await refusal(verify, `Bearer ${token}`)).toMatch(/larger/);
  });

  it('with algorithm none, or HS256 keyed with the public key', async () => {
    const verify = createVerifier(identity({ file }), clock);
    for (const alg of ['none', 'None', 'NONE']) {
      const open = `${b64({ alg })}.${b64(goodClaims)}`;
      for (const token of [`${open}.`, `${open}.YWFh`, open])
        expect(await refusal(verify, `Bearer ${token}`)).toMatch(/malformed|algorithm/);
    }
    const spki = await exportSPKI((await importJWK(rsa.jwk, 'RS256')) as CryptoKey);
    for (const secret of [spki, spki.trim(), JSON.stringify(rsa.jwk), rsa.jwk.n ?? '']) {
      const data = `${b64({ alg: 'HS256', kid: 'rsa' })}.${b64(goodClaims)}`;
      const token = `${data}.${createHmac('sha256', secret).update(data).digest('base64url')}`;
      expect(await refusal(verify, `Bearer ${token}`)).toMatch(/algorithm that is not allowed/);
    }
  });

  it('signed by another key, under an unknown or a stolen key id', async () => {
    const verify = createVerifier(identity({ file }), clock);
    expect(await refusal(verify, `Bearer ${await sign(other)}`)).toMatch(/no key of the issuer/);
    const stolen = await sign({ ...other, kid: 'one' });
    expect(await refusal(verify, `Bearer ${stolen}`)).toMatch(/signature/);
  });

  it('that brings its own key along', async () => {
    const verify = createVerifier(identity({ file }), clock);
    const { url, close, state } = await serveKeys([other.jwk]);
    for (const header of [{ jwk: other.jwk }, { jku: url }, { x5u: url }])
      expect(
        await refusal(verify, `Bearer ${await sign({ ...other, kid: 'one' }, {}, header)}`),
      ).toMatch(/signature/);
    expect(state.requests).toBe(0);
    await close();
  });

  it('with an algorithm that is fine elsewhere and not configured here', async () => {
    const verify = createVerifier(identity({ file }, { algorithms: ['EdDSA'] }), clock);
    expect(await refusal(verify, `Bearer ${await sign(key)}`)).toMatch(/not allowed/);
  });

  it.each(['logout+jwt', 'dpop+jwt', 'secevent+jwt', ''])('of type %s', async (typ) => {
    const verify = createVerifier(identity({ file }), clock);
    expect(await refusal(verify, `Bearer ${await sign(key, {}, { typ })}`)).toMatch(/type/);
  });

  it('with a critical extension nobody here knows', async () => {
    const header = b64({ alg: 'ES256', kid: 'one', crit: ['exp'], exp: 1 });
    const [, payload, signature] = (await sign(key)).split('.');
    const verify = createVerifier(identity({ file }), clock);
    const message = await refusal(verify, `Bearer ${header}.${payload ?? ''}.${signature ?? ''}`);
    expect(message).toMatch(/extension|malformed/);
  });

  it('without showing what it holds, also to a logger', async () => {
    const verify = createVerifier(identity({ file }), clock);
    for (const changes of [{ aud: 'x' }, { exp: 1 }, { iat: seconds + 99 }, { client_id: 5 }]) {
      const token = await sign(key, { ...changes, sub: 'canary-subject', email: 'canary@x' });
      const error: unknown = await verify(`Bearer ${token}`).catch((thrown: unknown) => thrown);
      const { stack, cause } = error as Error;
      expect(JSON.stringify([error, stack, cause, (error as IdentityError).message])).not.toMatch(
        /canary|eyJ/,
      );
      expect(cause).toBeUndefined();
    }
  });
});

describe('a remembered token', () => {
  it('is the same frozen caller', async () => {
    const verify = createVerifier(identity({ file }), clock);
    const token = await sign(key, { roles: ['staff'], nested: { a: [{ b: 1 }] } });
    const caller = await verify(`Bearer ${token}`);
    expect(await verify(`bearer ${token}`)).toBe(caller);
    const { claims } = caller as unknown as { claims: { nested: { a: object[] } } };
    expect(() => Object.assign(caller, { client: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(claims.nested.a[0]!, { b: 2 })).toThrow(TypeError);
    expect(() => (caller.purposes as Set<string>).add('ADVERTISING')).toThrow(TypeError);
    expect(() => (caller.scopes as Set<string>).add('audit:read')).toThrow(TypeError);
  });

  it('does not outlive its expiry', async () => {
    const verify = createVerifier(identity({ file }, { toleranceSeconds: 0 }), clock);
    const bearer = `Bearer ${await sign(key, { exp: seconds + 5 })}`;
    await verify(bearer);
    now = start + 4999;
    await verify(bearer);
    now = start + 5000;
    expect(await refusal(verify, bearer)).toBe('the token has expired');
  });

  it('is not remembered past its expiry by the tolerance', async () => {
    const verify = createVerifier(identity({ file }), clock);
    const bearer = `Bearer ${await sign(key, { exp: seconds + 5 })}`;
    const first = await verify(bearer);
    now = start + 14_000;
    expect(await verify(bearer)).not.toBe(first);
    now = start + 15_000;
    expect(await refusal(verify, bearer)).toBe('the token has expired');
  });

  it('is forgotten after a minute', async () => {
    const verify = createVerifier(identity({ file }), clock);
    const bearer = `Bearer ${await sign(key)}`;
    const first = await verify(bearer);
    now = start + 59_999;
    expect(await verify(bearer)).toBe(first);
    now = start + 60_000;
    expect(await verify(bearer)).not.toBe(first);
  });

  it('vouches for no other token', async () => {
    const verify = createVerifier(identity({ file }), clock);
    const token = await sign(key);
    await verify(`Bearer ${token}`);
    await refusal(verify, `Bearer ${token.slice(0, -4)}AAAA`);
    await refusal(verify, `Bearer ${token}=`);
    await refusal(verify, `Bearer ${token} `);
  });
});

describe('keys in a file', () => {
  it('are read again when the file changes, and what the old ones vouched for is forgotten', async () => {
    publish(key);
    const verify = createVerifier(identity({ file }), clock);
    const [before, after] = [`Bearer ${await sign(key)}`, `Bearer ${await sign(other)}`];
    await verify(before);
    publish(other);
    now = start + 999;
    await verify(before);
    now = start + 1000;
    expect((await verify(after)).sub).toBe('42');
    expect(await refusal(verify, before)).toMatch(/no key/);
    publish(key, rsa);
  });

  it('are read again when only the time of the file changes', async () => {
    publish(key);
    const verify = createVerifier(identity({ file }), clock);
    const bearer = `Bearer ${await sign(key)}`;
    const first = await verify(bearer);
    utimesSync(file, 1, 1);
    now = start + 1000;
    expect(await verify(bearer)).not.toBe(first);
    publish(key, rsa);
  });

  it('let nobody in while they are missing or broken, and count at once when they are there', async () => {
    const late = join(dir, 'late.json');
    const verify = createVerifier(identity({ file: late }), clock);
    const bearer = `Bearer ${await sign(key)}`;
    expect(await refusal(verify, bearer)).toMatch(/keys .* cannot be read/);
    for (const content of ['', '{', '[]', '{"keys":1}']) {
      writeFileSync(late, content);
      expect(await refusal(verify, bearer)).toMatch(/keys .* cannot be read/);
    }
    writeFileSync(late, JSON.stringify({ keys: [key.jwk] }));
    expect((await verify(bearer)).sub).toBe('42');
    rmSync(late);
    now = start + 1000;
    expect(await refusal(verify, bearer)).toMatch(/keys .* cannot be read/);
  });
});

describe('keys at an address', () => {
  it('are fetched once and again for a key that is new', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: start });
    const { url, close, state } = await serveKeys([key.jwk]);
    const verify = createVerifier(identity({ url }));
    await Promise.all([1, 2, 3].map(async (n) => verify(`Bearer ${await sign(key, { n })}`)));
    expect(state.requests).toBe(1);
    state.body = JSON.stringify({ keys: [other.jwk] });
    const rotated = `Bearer ${await sign(other)}`;
    expect(await refusal(verify, rotated)).toMatch(/no key/); // asked a moment ago
    vi.setSystemTime(start + 31_000);
    expect((await verify(rotated)).sub).toBe('42');
    expect(await refusal(verify, `Bearer ${await sign(key, { n: 4 })}`)).toMatch(/no key/);
    expect(state.requests).toBe(2);
    await close();
  });

  it.each([
    ['an error', 500, '{"keys":[]}'],
    ['no JSON', 200, '<html>'],
    ['no key set', 200, '{}'],
    ['a redirect', 302, ''],
  ])('let nobody in while the answer is %s', async (_, status, body) => {
    const { url, close, state } = await serveKeys([key.jwk]);
    const verify = createVerifier(identity({ url }), clock);
    const bearer = `Bearer ${await sign(key)}`;
    const good = state.body;
    Object.assign(state, { status, body });
    expect(await refusal(verify, bearer)).toMatch(/keys .* cannot be read/);
    Object.assign(state, { status: 200, body: good });
    expect((await verify(bearer)).sub).toBe('42');
    await close();
  });

  it('let nobody in while nobody answers, and the reason is kept for the log', async () => {
    const { url, close } = await serveKeys([key.jwk]);
    await close();
    const bearer = `Bearer ${await sign(key)}`;
    const verify = createVerifier(identity({ url }), clock);
    const error: unknown = await verify(bearer).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IdentityError);
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  it('never make a secret of a private or symmetric key found there', async () => {
    const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'one' };
    const { url, close } = await serveKeys([secret]);
    expect(
      await refusal(createVerifier(identity({ url }), clock), `Bearer ${await sign(key)}`),
    ).toMatch(/no key/);
    await close();
  });
});
