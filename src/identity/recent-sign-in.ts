import { SignInError } from '../core/errors.ts';
import type { Caller } from './caller.ts';

/**
 * Demands that a person who acts for themself has signed in a short while ago, so that a device left
 * open says yes to nothing (step-up authentication, RFC 9470).
 *
 * @param seconds how long ago at most
 * @param now milliseconds since 1970
 * @throws SignInError INSUFFICIENT_USER_AUTHENTICATION (401) with `maxAge` in seconds
 */
export const demandRecentSignIn = (
  { authTime }: Caller,
  seconds: number,
  now: number = Date.now(),
): void => {
  const age = authTime === undefined ? Infinity : now / 1_000 - authTime;
  // A time ahead of ours by more than clocks differ proves nothing.
  if (age <= seconds && age >= -60) return;
  throw new SignInError(seconds);
};
