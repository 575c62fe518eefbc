import { describe, expect, it } from 'vitest';
import { fits, linesFit } from './answers.ts';

describe('fits', () => {
  it('takes an answer that is the same, and no other', () => {
    expect(fits({ a: [1, null] }, { a: [1, null] })).toBe(true);
    expect(fits({ a: [1, null] }, { a: [1, 2] })).toBe(false);
    expect(fits({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(fits({ a: 1, b: 2 }, { a: 1 })).toBe(false);
    expect(fits([1], [1, 2])).toBe(false);
  });

  it('takes anything for `…`, but not nothing in place of a value', () => {
    expect(fits({ a: '…' }, { a: { b: 1 } })).toBe(true);
    expect(fits({ a: '…' }, {})).toBe(false);
    expect(fits({ a: 1, '…': '…' }, { a: 1, b: 2 })).toBe(true);
    expect(fits({ a: 2, '…': '…' }, { a: 1, b: 2 })).toBe(false);
    expect(fits(['…', 3, '…'], [1, 2, 3, 4])).toBe(true);
    expect(fits(['…', 5], [1, 2, 3, 4])).toBe(false);
    expect(fits({ a: 'x…z' }, { a: 'xyz' })).toBe(true);
  });

  it('compares what differs from run to run by its form', () => {
    expect(fits({ head: 1 }, { head: 2 })).toBe(true);
    expect(fits({ head: 1 }, { head: null })).toBe(false);
    expect(fits({ subjects: '12' }, { subjects: '9' })).toBe(true);
    expect(fits({ subjects: '12' }, { subjects: '?' })).toBe(false);
    expect(fits({ id: '1' }, { id: '2' })).toBe(false);
  });
});

describe('linesFit', () => {
  it('takes `…` for a part of a line, and alone for any lines', () => {
    expect(linesFit('a…\nb\n', 'abc\nb\n')).toBe(true);
    expect(linesFit('a\n…\nz\n', 'a\nb\nc\nz\n')).toBe(true);
    expect(linesFit('a\n…\nz\n', 'a\nb\n')).toBe(false);
    expect(linesFit('a\n', 'a\nb\n')).toBe(false);
  });
});
