import { describe, expect, it } from 'vitest';
import { isHost, isLoopback, isPostgresUrl } from '../../src/config/parse-address.ts';
import { parseDuration, parseSize, parseWhole } from '../../src/config/parse-units.ts';

describe('units', () => {
  it.each([
    ['5s', 5000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['2 m', 120_000],
    ['1h', 3_600_000],
    [0, 0],
    ['5', undefined],
    [5, undefined],
    ['5S', undefined],
    ['-5s', undefined],
    ['1.0001s', undefined],
    [null, undefined],
  ])('a time of %s is %s', (written, ms) => expect(parseDuration(written)).toBe(ms));

  it.each([
    ['256kB', 256_000],
    ['256KB', 256_000],
    ['1KiB', 1024],
    ['1MB', 1_000_000],
    [1234, 1234],
    ['1.5kB', 1500],
    ['1constructor', undefined],
    ['kB', undefined],
    [1.5, undefined],
  ])('a size of %s is %s', (written, bytes) => expect(parseSize(written)).toBe(bytes));

  it('a whole number is digits only', () => {
    expect([parseWhole('12'), parseWhole(12)]).toEqual([12, 12]);
    for (const other of ['1e3', '0x10', ' 1', '', 1.5, NaN, true, null])
      expect(parseWhole(other)).toBeUndefined();
  });
});

describe('addresses', () => {
  it('tells loopback from everything else', () => {
    for (const host of ['127.0.0.1', '127.255.1.1', '::1', '0:0:0:0:0:0:0:1', 'LOCALHOST'])
      expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '128.0.0.1', '::', '127.1', '0x7f.1', 'localhost.example', ''])
      expect(isLoopback(host)).toBe(false);
  });

  it('knows a host when it sees one', () => {
    for (const host of ['::', '10.0.0.1', 'a', 'a-b.example']) expect(isHost(host)).toBe(true);
    for (const host of ['', '[::1]', '1.2.3', 'a b', '-a', 'a..b', 'a:80'])
      expect(isHost(host)).toBe(false);
  });

  it('takes PostgreSQL URLs as pg does, sockets included', () => {
    const socket = 'postgresql://me:pw@/db?host=/run/a b';
    for (const url of ['postgres://h/db', socket, 'postgres:///db?host=/tmp'])
      expect(isPostgresUrl(url)).toBe(true);
    for (const url of ['mysql://h/db', 'postgres://', 'h/db', 'postgres://h:port/db'])
      expect(isPostgresUrl(url)).toBe(false);
  });
});
