import { describe, expect, it, vi } from 'vitest';
import { Columns } from '../../../src/core/wire/cells.ts';
import { rowDescription } from './messages.ts';

const nameAndType = (oid: number, name: string) => `${name}: ${oid}`;
const described = (name: string, oid = 25) => rowDescription([{ name, oid }]);

describe('columns', () => {
  it('are read once for as long as they are described in the same words', () => {
    const columnOf = vi.fn(nameAndType);
    const columns = new Columns(columnOf);
    for (let i = 0; i < 5; i += 1) {
      expect(columns.read(described('ü'))).toEqual(['ü: 25']);
      expect(columns.read(described('ü', 23))).toEqual(['ü: 23']);
      expect(columns.read(described('u'))).toEqual(['u: 25']);
    }
    expect(columnOf).toHaveBeenCalledTimes(3);
  });

  it('are not remembered without end', () => {
    const columnOf = vi.fn(nameAndType);
    const columns = new Columns(columnOf);
    const long = 'x'.repeat(100_000);
    columns.read(described('first'));
    for (let i = 0; i < 20; i += 1) columns.read(described(`${i}${long}`));
    columns.read(described('first'));
    expect(columnOf).toHaveBeenCalledTimes(22);
    columns.read(described('first'));
    expect(columnOf).toHaveBeenCalledTimes(22);
  });

  it('that are none are refused each time', () => {
    const columns = new Columns(nameAndType);
    for (let i = 0; i < 3; i += 1)
      expect(() => columns.read(described('a').subarray(0, -1))).toThrow(/rows that are none/);
  });
});
