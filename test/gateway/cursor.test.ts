import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursorSealer } from '../../src/gateway/cursor.ts';

const secret = new Uint8Array(32).fill(7);
const cursors = createCursorSealer(secret);

describe('a cursor', () => {
  it('opens to the key it was sealed from, for the same type only', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 3 }), (key) => {
        const cursor = cursors.seal('Customer', key);
        expect(cursors.open('Customer', cursor)).toEqual(key);
        expect(() => cursors.open('Order', cursor)).toThrow('not a cursor of this list');
      }),
    );
  });

  it('is the same for the same row, on every replica', () => {
    expect(createCursorSealer(secret).seal('Customer', ['42'])).toBe(
      cursors.seal('Customer', ['42']),
    );
  });

  it('tells nothing of the key', () => {
    const cursor = Buffer.from(cursors.seal('Customer', ['one@example.com']), 'base64url');
    expect(cursor.toString('latin1')).not.toContain('example');
  });

  it('does not open when any bit is changed', () => {
    const bytes = Buffer.from(cursors.seal('Customer', ['42']), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => cursors.open('Customer', changed.toString('base64url'))).toThrow();
    }
  });

  it.each(['', 'x', '====', 'a'.repeat(10_000), '__proto__', '\0'])('refuses %j', (text) => {
    expect(() => cursors.open('Customer', text)).toThrow('not a cursor of this list');
  });

  it('does not open with another secret', () => {
    const other = createCursorSealer(new Uint8Array(32).fill(8));
    expect(() => other.open('Customer', cursors.seal('Customer', ['42']))).toThrow();
  });
});
