import { describe, expect, it } from 'vitest';
import { PurposeError } from '../../src/core/errors.ts';
import { readCaller } from '../../src/identity/read-caller.ts';
import { missingPurpose, resolvePurpose } from '../../src/identity/resolve-purpose.ts';

const known = new Set(['RECOMMENDATIONS', 'FULFILMENT', 'ADVERTISING']);
const caller = readCaller(
  { sub: '1', scope: 'purpose:RECOMMENDATIONS purpose:FULFILMENT purpose:GONE' },
  'sub',
);
const allowedPurposes = ['FULFILMENT', 'RECOMMENDATIONS'];
type Header = string | readonly string[] | undefined;
const resolve = (header: Header, directive?: string) =>
  resolvePurpose({ header, directive, known, caller });

describe('the purpose', () => {
  const R = 'RECOMMENDATIONS';
  it.each<[Header, string | undefined, string | undefined]>([
    [undefined, undefined, undefined],
    ['', undefined, undefined],
    [' , ', undefined, undefined],
    [[], undefined, undefined],
    [R, undefined, R],
    [` ${R}\t`, undefined, R],
    [undefined, R, R],
    ['', R, R],
    [R, R, R],
    [`${R}, ${R}`, undefined, R],
    [[R, R], R, R],
  ])('from header %j and directive %j is %j', (header, directive, purpose) =>
    expect(resolve(header, directive)).toBe(purpose),
  );

  it.each<[Header, string | undefined, string, number]>([
    [R, 'FULFILMENT', 'PURPOSE_CONFLICT', 400],
    [`${R}, FULFILMENT`, undefined, 'PURPOSE_CONFLICT', 400],
    [[R, 'FULFILMENT'], R, 'PURPOSE_CONFLICT', 400],
    [R, 'NOPE', 'PURPOSE_CONFLICT', 400],
    ['NOPE', undefined, 'PURPOSE_UNKNOWN', 400],
    ['recommendations', undefined, 'PURPOSE_UNKNOWN', 400],
    [undefined, '', 'PURPOSE_UNKNOWN', 400],
    ['GONE', undefined, 'PURPOSE_UNKNOWN', 400],
    ['__proto__', undefined, 'PURPOSE_UNKNOWN', 400],
    ['ADVERTISING', undefined, 'PURPOSE_NOT_ALLOWED', 403],
    [undefined, 'ADVERTISING', 'PURPOSE_NOT_ALLOWED', 403],
  ])('from header %j and directive %j is %s', (header, directive, code, status) => {
    const run = () => resolve(header, directive);
    expect(run).toThrow(PurposeError);
    expect(run).toThrow(expect.objectContaining({ code, status, details: { allowedPurposes } }));
  });

  it('is repeated only when it can be nothing but a name', () => {
    expect(() => resolve('NOPE')).toThrow('the purpose `NOPE` is not known');
    for (const odd of ['<script>', 'a b', 'X'.repeat(65), 'jane@example.com', 'a`b'])
      expect(() => resolve(odd)).toThrow(/^the purpose is not known$/);
  });
});

it('a missing purpose is refused with the purposes the client may use', () => {
  expect(missingPurpose(caller, known)).toMatchObject({
    code: 'PURPOSE_MISSING',
    status: 400,
    details: { allowedPurposes },
  });
});
