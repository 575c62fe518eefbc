import { describe, expect, it } from 'vitest';
import { readGpc } from '../../src/identity/read-gpc.ts';

describe('Sec-GPC', () => {
  it.each<readonly [string | readonly string[], boolean]>([
    ['1', true],
    [' 1\t', true],
    ['1, 1', true],
    ['1,', true],
    ['0,1', true],
    [['0', '1'], true],
    ['', false],
    [',', false],
    ['0', false],
    ['1;x', false],
    ['1 1', false],
    ['11', false],
    ['01', false],
    ['+1', false],
    ['1.0', false],
    ['"1"', false],
    ['true', false],
    ['?1', false],
    ['\uff11', false],
    [[], false],
    [['0', ''], false],
  ])('%j says %s', (header, expected) => {
    expect(readGpc(header)).toBe(expected);
  });

  it('that is not there says nothing', () => {
    expect(readGpc(undefined)).toBe(false);
  });
});
