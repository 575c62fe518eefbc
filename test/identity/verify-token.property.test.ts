import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IdentityError } from '../../src/core/errors.ts';
import { createTokenCache } from '../../src/identity/token-cache.ts';
import { createVerifier } from '../../src/identity/verify-token.ts';
import { readCaller } from '../../src/identity/read-caller.ts';
import { identity, makeKey, serveKeys, sign, start, type TestKey } from './tokens.ts';

let keys: TestKey[] = [];
let server: Awaited<ReturnType<typeof serveKeys>>;
beforeAll(async () => {
  keys = await Promise.all(['ES256', 'EdDSA', 'RS256'].map((alg) => makeKey(alg, alg)));
  server = await serveKeys(keys.map(({ jwk }) => jwk));
});
afterAll(() => server.close());

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \t~é';

it('accepts no token with a changed, added or missing letter, remembered or not', async () => {
  const verify = createVerifier(identity({ url: server.url }), () => start);
  const tokens = await Promise.all(keys.map((key) => sign(key)));
  for (const token of tokens) await verify(`Bearer ${token}`);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...tokens),
      fc.nat(),
      fc.constantFrom(...Array.from(letters)),
      fc.constantFrom('change', 'add', 'remove'),
      async (token, at, letter, how) => {
        const index = at % token.length;
        const rest = token.slice(how === 'add' ? index : index + 1);
        const mutated = `${token.slice(0, index)}${how === 'remove' ? '' : letter}${rest}`;
        // Spaces before the token belong to the header, not to the token (RFC 6750, 2.1).
        fc.pre(mutated.trimStart() !== token);
        await expect(verify(`Bearer ${mutated}`)).rejects.toBeInstanceOf(IdentityError);
      },
    ),
    { numRuns: 1500 },
  );
});

it('accepts no token whose last letters differ in bits that mean nothing', async () => {
  const verify = createVerifier(identity({ url: server.url }), () => start);
  for (const key of keys) {
    const token = await sign(key);
    for (const letter of letters.slice(0, 64)) {
      const mutated = token.slice(0, -1) + letter;
      if (mutated === token) await verify(`Bearer ${token}`);
      else await expect(verify(`Bearer ${mutated}`)).rejects.toBeInstanceOf(IdentityError);
    }
  }
});

it('remembers at most its capacity, the latest used, none past its time', () => {
  const caller = readCaller({ sub: 'a' }, 'sub');
  const step = fc.record({
    token: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    put: fc.boolean(),
    life: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = createTokenCache(3);
      let recent: { token: string; until: number }[] = [];
      for (const [now, { token, put, life }] of steps.entries()) {
        const known = recent.find((one) => one.token === token);
        recent = recent.filter((one) => one !== known);
        if (put) {
          cache.put(token, caller, now + life);
          recent = [...recent, { token, until: now + life }].slice(-3);
        } else {
          const valid = known !== undefined && now < known.until;
          expect(cache.get(token, now)).toBe(valid ? caller : undefined);
          if (valid) recent.push(known);
        }
      }
    }),
  );
});
