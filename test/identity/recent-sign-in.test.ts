import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignInError } from '../../src/core/errors.ts';
import { readCaller } from '../../src/identity/read-caller.ts';
import { demandRecentSignIn } from '../../src/identity/recent-sign-in.ts';

const now = Date.UTC(2026, 0, 1);
const seconds = now / 1_000;
const callerOf = (authTime: unknown) =>
  readCaller({ sub: '7', client_id: 'app', auth_time: authTime }, 'sub');
const passes = (authTime: unknown, within = 900): boolean => {
  try {
    demandRecentSignIn(callerOf(authTime), within, now);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SignInError);
    expect(error).toMatchObject({
      code: 'INSUFFICIENT_USER_AUTHENTICATION',
      status: 401,
      details: { maxAge: within },
    });
    return false;
  }
};

describe('a recent sign-in', () => {
  it.each([
    ['this very second', seconds, true],
    ['as long ago as may be', seconds - 900, true],
    ['a second longer ago', seconds - 901, false],
    ['by a clock that is a minute ahead', seconds + 60, true],
    ['by a clock that is more than a minute ahead', seconds + 61, false],
    ['in milliseconds by mistake', now, false],
  ])('%s', (_when, authTime, expected) => {
    expect(passes(authTime)).toBe(expected);
  });

  it.each([
    undefined,
    null,
    '',
    String(seconds),
    true,
    {},
    [seconds],
    NaN,
    Infinity,
    -Infinity,
    0,
    -1,
  ])('is not proved by %j', (authTime) => {
    expect(passes(authTime)).toBe(false);
  });

  it('holds exactly from so many seconds ago to a minute ahead', () => {
    fc.assert(
      fc.property(fc.integer({ min: -200_000, max: 200_000 }), fc.nat(100_000), (age, within) => {
        expect(passes(seconds - age, within)).toBe(age <= within && age >= -60);
      }),
    );
  });
});
