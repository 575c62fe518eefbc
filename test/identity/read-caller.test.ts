import { describe, expect, it } from 'vitest';
import { IdentityError } from '../../src/core/errors.ts';
import { readCaller } from '../../src/identity/read-caller.ts';

const read = (claims: Record<string, unknown>, subjectClaim = 'sub') =>
  readCaller({ sub: '42', client_id: 'web', ...claims }, subjectClaim);

describe('the client', () => {
  it('is client_id, else azp, else sub', () => {
    expect(read({ azp: 'b' }).client).toBe('web');
    expect(read({ client_id: undefined, azp: 'b' }).client).toBe('b');
    expect(read({ client_id: undefined }).client).toBe('42');
  });

  it.each(['', 'a\nb', 7, {}, 'x'.repeat(257)])('is never guessed past a bad client_id', (bad) => {
    expect(() => read({ client_id: bad, azp: 'b' })).toThrow(IdentityError);
  });
});

describe('the subject', () => {
  it.each([
    ['a text', '42', '42'],
    ['a whole number', 42, '42'],
    ['256 characters', 'x'.repeat(256), 'x'.repeat(256)],
    ['a name in any script', 'Ωλ 漢', 'Ωλ 漢'],
  ])('is %s', (_, sub, subject) => expect(read({ sub }).subject).toBe(subject));

  it.each([
    ['257 characters', 'x'.repeat(257)],
    ['a control character', 'a\u0000b'],
    ['a line break', 'a\nb'],
    ['a C1 control', 'a\u0085b'],
    ['half a surrogate pair', 'a\ud800'],
    ['the client', 'web'],
    ['the client by its prefix', 'client:web'],
  ])('is not %s', (_, sub) => expect(read({ sub })).not.toHaveProperty('subject'));

  it.each([undefined, null, '', 1.5, NaN, 2 ** 53, true, ['42'], { id: 42 }])(
    'is not %s from its own claim',
    (customer) => expect(read({ customer }, 'customer')).not.toHaveProperty('subject'),
  );

  it('comes from the configured claim, and only from there', () => {
    expect(read({ customer: '7' }, 'customer')).toMatchObject({ sub: '42', subject: '7' });
    expect(read({}, 'constructor')).not.toHaveProperty('subject');
    expect(read({}, '__proto__')).not.toHaveProperty('subject');
  });

  it.each(['consent:write', 'audit:read', 'purpose:A consent:write'])(
    'is the person still when the token may %s',
    (scope) => expect(read({ scope })).toMatchObject({ subject: '42' }),
  );
});

describe('scopes', () => {
  it.each([
    [{ scope: 'a b  c' }, ['a', 'b', 'c']],
    [{ scp: 'a b' }, ['a', 'b']],
    [{ scp: ['a', 'b'] }, ['a', 'b']],
    [{ scope: 'a', scp: ['b'] }, ['a']],
    [{ scope: '' }, []],
    [{}, []],
    [{ scope: 'a\tb "c" d\u00e9' }, []],
  ])('of %j are %j', (claims, scopes) => expect([...read(claims).scopes]).toEqual(scopes));

  it('name purposes and rights exactly', () => {
    const scope =
      'purpose:A purpose: purpose:a-b PURPOSE:C consent:write purpose:__proto__ audit:reads';
    const caller = read({ scope });
    expect([...caller.purposes]).toEqual(['A', '__proto__']);
    expect(caller).toMatchObject({ mayWriteConsent: true, mayReadAudit: false });
  });

  it.each([{ scope: ['a'] }, { scope: 5 }, { scp: 5 }, { scp: [['consent:write']] }])(
    'in the form %j are refused',
    (claims) => expect(() => read(claims)).toThrow(IdentityError),
  );
});

describe('claims', () => {
  it('reach no prototype', () => {
    const payload = JSON.parse(
      '{"__proto__":{"admin":true},"deep":{"__proto__":{"admin":true},"a":[{"__proto__":1,"b":2}]}}',
    ) as Record<string, unknown>;
    const { claims } = readCaller({ ...payload, sub: '1', ['constructor']: 'x' }, 'sub');
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    expect(claims['admin']).toBeUndefined();
    expect('toString' in claims).toBe(false);
    expect(Object.getPrototypeOf(claims)).toBeNull();
    const { deep } = claims as { deep: Record<string, unknown> };
    expect([deep['admin'], Object.keys(deep)]).toEqual([undefined, ['a']]);
    expect(Object.assign({}, claims)).not.toHaveProperty('admin');
  });

  it('are refused when they are nested without end', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(4000)}${']'.repeat(4000)}`);
    expect(() => read({ deep })).toThrow(IdentityError);
    expect(read({ deep: [[[{ a: [1] }]]] }).claims['deep']).toEqual([[[{ a: [1] }]]]);
  });
});
