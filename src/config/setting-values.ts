import { z } from 'zod';
import { didYouMean } from '../core/did-you-mean.ts';
import { parseWhole } from './parse-units.ts';

/**
 * One value. Messages say what was expected and never repeat what was found, which may hold a
 * password.
 */
export const leaf = <T>(
  expected: string,
  read: (value: unknown) => T | undefined,
  mend: (value: unknown) => string = () => `write ${expected}`,
) =>
  z.unknown().transform((value, ctx): T => {
    const result = read(value);
    if (result !== undefined) return result;
    const empty = value === undefined ? 'is missing' : value === null ? 'is empty' : undefined;
    ctx.addIssue({
      code: 'custom',
      message: empty ?? `is not ${expected}`,
      params: { mend: mend(value) },
    });
    return z.NEVER;
  });

/** A text that fits. */
export const text = (expected: string, fits: (value: string) => boolean) =>
  leaf(expected, (value) => (typeof value === 'string' && fits(value) ? value : undefined));

/** A number that `parse` reads, from `least` to `most`. */
export const between = (
  expected: string,
  parse: (value: unknown) => number | undefined,
  least: number,
  most: number,
) =>
  leaf(expected, (value) => {
    const number = parse(value);
    return number !== undefined && number >= least && number <= most ? number : undefined;
  });

/** A whole number. */
export const whole = (least: number, most: number) =>
  between(`a whole number from ${least} to ${most}`, parseWhole, least, most);

/** A switch. */
export const yesOrNo = leaf('`true` or `false`', (value) =>
  value === true || value === 'true'
    ? true
    : value === false || value === 'false'
      ? false
      : undefined,
);

/** One of a closed list. */
export const oneOf = <T extends string>(known: readonly T[], expected: string) =>
  leaf(
    expected,
    (value) => known.find((one) => one === value),
    (value) => didYouMean(typeof value === 'string' ? value : '', known),
  );

/** Whether a text is there, without control characters, and of at most so many characters. */
export const short = (most: number) => (value: string) =>
  value.length > 0 && value.length <= most && !/\p{Cc}/u.test(value);
