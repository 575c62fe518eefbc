import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { GatheredBytes } from '../../../src/core/wire/gathered-bytes.ts';

describe('gathered bytes', () => {
  it('are all pieces in order, whatever is expected and whatever becomes of their memory', () => {
    const piece = fc.record({
      bytes: fc.uint8Array({ maxLength: 40 }),
      lasts: fc.boolean(),
      expected: fc.oneof(fc.nat(200), fc.constantFrom(0, 2_000_000)),
    });
    fc.assert(
      fc.property(fc.array(fc.array(piece)), (rounds) => {
        const gathered = new GatheredBytes();
        const taken = rounds.map((pieces) => {
          for (const { bytes, lasts, expected } of pieces) {
            const given = Buffer.from(bytes);
            gathered.add(given, lasts, expected);
            if (!lasts) given.fill(0xff);
          }
          return gathered.taken();
        });
        const whole = rounds.map((pieces) => Buffer.concat(pieces.map(({ bytes }) => bytes)));
        expect(taken).toEqual(whole);
      }),
    );
  });

  it('of one piece that lasts are that piece, and nobody writes behind it', () => {
    const memory = Buffer.from('piece and what stands behind it');
    const gathered = new GatheredBytes();
    gathered.add(memory.subarray(0, 5), true, 100);
    expect(gathered.taken().buffer).toBe(memory.buffer);
    gathered.add(memory.subarray(0, 5), true, 100);
    gathered.add(Buffer.from('XXXX'), true, 100);
    expect(gathered.taken().toString()).toBe('pieceXXXX');
    expect(memory.toString()).toBe('piece and what stands behind it');
  });

  it('that were expected are copied once each, into one piece of memory', () => {
    const gathered = new GatheredBytes();
    gathered.add(Buffer.alloc(60_000, 1), false, 200_000);
    gathered.add(Buffer.alloc(60_000, 2), false, 200_000);
    gathered.add(Buffer.alloc(80_000, 3), false, 200_000);
    const all = gathered.taken();
    expect(all.length).toBe(200_000);
    expect(all.buffer.byteLength).toBeLessThan(220_000);
  });

  it('are no reason to make more than a megabyte that may not be needed', () => {
    const gathered = new GatheredBytes();
    gathered.add(Buffer.alloc(60_000), false, 2 ** 29);
    expect(gathered.taken().buffer.byteLength).toBeLessThan(1_100_000);
  });

  it.each([0, 2 ** 25])(
    'of a large answer are moved a few times only (%i expected)',
    (expected) => {
      const made = vi.spyOn(Buffer, 'allocUnsafeSlow');
      const gathered = new GatheredBytes();
      const piece = Buffer.alloc(60_000, 7);
      for (let i = 0; i < 500; i += 1) gathered.add(piece, false, expected);
      expect(made.mock.calls.length).toBeLessThan(14);
      made.mockRestore();
      expect(gathered.taken().equals(Buffer.alloc(30_000_000, 7))).toBe(true);
    },
  );
});
