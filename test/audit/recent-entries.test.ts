import { describe, expect, it } from 'vitest';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import type { AuditEntry, PackedDecision } from '../../src/audit/entry.ts';
import { foundOf } from '../../src/audit/found.ts';
import { RecentEntries, type WrittenEntry } from '../../src/audit/recent-entries.ts';
import { nextId, operation } from './raw-log.ts';

const at = new Date('2026-11-24T10:00:00.123Z');
const one = (index: number, ranges = '1', log = 1): WrittenEntry => ({
  log,
  index,
  at,
  entry: operation({ sets: [ranges] }),
});
const places = (recent: RecentEntries, start: number, end: number, log = 1) =>
  recent.from(log, start, end)?.indexes;
const upTo = (end: number, start = 0) => Array.from({ length: end - start }, (_, i) => start + i);

describe('entries that are still to be indexed', () => {
  it('are bounded by their bytes, and what was indexed makes room', () => {
    const recent = new RecentEntries();
    for (const index of upTo(100)) recent.add(one(index, '1'.repeat(300_000)));
    expect(places(recent, 90, 100)).toEqual(upTo(100, 90));
    expect(places(recent, 0, 100)).toBeUndefined();
    recent.dropBefore(1, 99);
    expect(places(recent, 98, 100)).toBeUndefined();
    expect(places(recent, 99, 100)).toEqual([99]);
    // Far more in sum than there is room for.
    for (const index of upTo(300, 100)) {
      recent.add(one(index, '1'.repeat(300_000)));
      const kept = Math.max(99, index - 5);
      recent.dropBefore(1, kept);
      expect(places(recent, kept, index + 1)).toEqual(upTo(index + 1, kept));
    }
  });

  it('are bounded by their number, however far places jump', () => {
    const recent = new RecentEntries();
    for (const index of upTo(16_384)) recent.add(one(index));
    expect(places(recent, 0, 20_000)).toHaveLength(16_384);
    recent.add(one(16_384));
    expect(places(recent, 0, 20_000)).toBeUndefined();
    expect(places(recent, 16_384, 20_000)).toEqual([16_384]);
    // Written together with it, and told of later.
    recent.add(one(16_383));
    expect(places(recent, 16_383, 20_000)).toEqual([16_383, 16_384]);
    for (const far of [1_000_000, 0]) {
      recent.add(one(far));
      recent.add(one(far + 1));
      expect(places(recent, far, far + 9)).toEqual([far, far + 1]);
    }
  });

  it('are those of one log', () => {
    const recent = new RecentEntries();
    for (const index of [5, 6]) recent.add(one(index));
    expect(places(recent, 5, 7, 2)).toBeUndefined();
    recent.dropBefore(2, 7);
    expect(places(recent, 5, 7)).toEqual([5, 6]);
    recent.add(one(5, '1', 2));
    expect([recent.isOf(1), recent.isOf(2)]).toEqual([false, true]);
    expect(places(recent, 5, 7)).toBeUndefined();
    expect(places(recent, 5, 7, 2)).toEqual([5]);
  });

  it('are read from the log where their id is none', () => {
    const recent = new RecentEntries();
    recent.add(one(0));
    recent.add({ ...one(1), entry: operation({ id: 'short' }) });
    recent.add(one(2));
    expect(places(recent, 0, 3)).toEqual([0]);
    expect(recent.isOf(1)).toBe(true);
  });

  const coordinates = [['A.b'], ['A.c'], ['A.b', 'A.c'], []].map((list) => Object.freeze(list));
  const decisions = ['OPEN', 'EXPIRED'].map((reason) =>
    Object.freeze([
      Object.freeze<PackedDecision>([reason, Object.freeze([0]), Object.freeze([0])]),
    ]),
  );

  it.each(upTo(12))('come in any order, some not at all, and stand by their places: %i', (seed) => {
    let state = seed * 7_919 + 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const entryOf = (): AuditEntry => {
      const kind = random(30);
      if (kind === 0) return { kind: 'key', id: nextId(), actor: 'a"\\', key: 'k', replaces: 'j' };
      if (kind < 3) {
        const subject = kind === 1 ? random(99) : undefined;
        return { kind: 'erasure', id: nextId(), actor: 'x', head: 1, subject, sources: [] };
      }
      const sets = [[], ['?'], ['1-3', '7,9-12,?'], [upTo(random(40) + 1).join(',')]][random(4)];
      return operation({
        sets: sets ?? [],
        coordinates: coordinates[random(4)] ?? [],
        decisions: decisions[random(2)] ?? [],
        client: `c${random(3)}`,
        actor: `ä"${random(2)}`,
        purpose: random(3) > 0 ? 'P' : undefined,
      });
    };
    const rangesOf = (entry: AuditEntry): string => {
      if (entry.kind === 'operation') return entry.sets.join(',');
      return entry.kind === 'erasure' ? (entry.subject?.toString() ?? '') : '';
    };
    const recent = new RecentEntries();
    const model = new Map<number, WrittenEntry>();
    let next = 500;
    let dropped = 0;
    const compare = (): void => {
      const start = Math.max(dropped, next - random(60));
      const end = start + random(70);
      const expected: WrittenEntry[] = [];
      for (let place = start; place < end; place += 1) {
        const written = model.get(place);
        if (written === undefined) break;
        expected.push(written);
      }
      const rows = recent.from(1, start, end);
      expect(rows?.indexes ?? []).toEqual(expected.map(({ index }) => index));
      expect(rows?.times ?? []).toEqual(expected.map((written) => written.at.toISOString()));
      expect(rows?.ids ?? []).toEqual(expected.map(({ entry }) => entry.id));
      expect(rows?.found ?? []).toEqual(expected.map(({ entry }) => foundOf(entry)));
      const ranges = expected.map(({ entry }) => `"${rangesOf(entry)}"`);
      expect(rows?.subjects ?? '{}').toBe(`{${ranges.join(',')}}`);
    };
    for (let group = 0; group < 250; group += 1) {
      const count = 1 + random(9);
      const kept = upTo(next + count, next)
        .filter(() => random(40) > 0)
        .sort(() => random(3) - 1);
      for (const index of kept) {
        const entry = entryOf();
        const written = { log: 1, index, at: new Date(1_790_000_000_000 + random(1e9)), entry };
        if (random(2) > 0) encodeEntry(entry, written.at);
        model.set(index, written);
        recent.add(written);
      }
      next += count;
      compare();
      if (random(6) === 0) {
        dropped = Math.max(dropped, next - random(20));
        recent.dropBefore(1, dropped);
        compare();
      }
    }
  });
});
