import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { malformedTcf } from '../../src/imports/check-tcf-bits.ts';
import { readTcf } from '../../src/imports/read-tcf.ts';
import type { ImportRow } from '../../src/imports/row.ts';
import { parseTcfMap } from '../../src/imports/tcf-map.ts';
import { tcfString, vendor, type TcfSaid } from './tcf-strings.ts';

const map = parseTcfMap(`
vendor: ${vendor}
purposes:
  3: ADS
  4: [ADS, NEWS]
  8: MEASURE
specialFeatures: { 1: NEWS }
categories: { ADS: [MAIL] }
legitimateInterest: [MEASURE]
`);

const rowsOf = async (...rows: readonly Record<string, unknown>[]): Promise<ImportRow[]> => {
  const records = async function* () {
    await Promise.resolve();
    for (const [i, fields] of rows.entries()) yield { line: i + 1, fields };
  };
  const read: ImportRow[] = [];
  for await (const row of readTcf(records(), map, { defaultType: 'Customer' })) read.push(row);
  return read;
};
const kindsOf = async (said: TcfSaid): Promise<string[]> => {
  const [row] = await rowsOf({ subject: '1', tcf: tcfString(said) });
  if (!row || 'refused' in row) return [row?.refused.reason ?? 'nothing'];
  return row.events.map(({ kind, purpose }) => `${kind} ${purpose ?? ''}`);
};
const reasonOf = async (tcf: unknown, more: object = {}): Promise<string> => {
  const [row] = await rowsOf({ subject: '1', tcf, ...more });
  return row && 'refused' in row ? row.refused.reason : 'taken';
};
const both = [vendor, 7];

describe('a TC string', () => {
  it('is a yes only where vendor and all that a purpose needs are consented to', async () => {
    const interests = { interests: [8], interestVendors: [vendor] };
    const all = { purposes: [3, 4], features: [1], ...interests };
    expect(await kindsOf(all)).toEqual(['given ADS', 'given NEWS']);
    expect(await kindsOf({ ...all, purposes: [4] })).toEqual(['refused ADS', 'given NEWS']);
    expect(await kindsOf({ ...all, features: [] })).toEqual(['given ADS', 'refused NEWS']);
    expect(await kindsOf({ ...all, vendors: [7] })).toEqual(['refused ADS', 'refused NEWS']);
  });

  it('is an objection only where a purpose rests on legitimate interest', async () => {
    const yes = { purposes: [3, 4, 8], features: [1] };
    const objected = ['given ADS', 'given NEWS', 'objected MEASURE'];
    expect(await kindsOf({ ...yes, interests: [8] })).toEqual(objected);
    expect(await kindsOf({ ...yes, interestVendors: [vendor] })).toEqual(objected);
    expect(await kindsOf({ ...yes, interests: [8], interestVendors: [vendor] })).toHaveLength(2);
  });

  it('says nothing of a vendor that it does not disclose', async () => {
    expect(await kindsOf({ purposes: [3], disclosed: [7] })).toEqual([
      'the TC string does not disclose vendor 123: this person was not asked',
    ]);
    expect(await kindsOf({ purposes: [3, 4], features: [1], disclosed: both })).toHaveLength(3);
  });

  it('counts a yes from the start of its day and a no from the end', async () => {
    const tcf = tcfString({ purposes: [4], features: [1] });
    const [row] = await rowsOf({ subject: '1', tcf, evidence: 'log 7' });
    expect(row).toMatchObject({
      events: [
        {
          kind: 'refused',
          at: new Date('2026-01-15T23:59:59.999Z'),
          categories: ['MAIL'],
          method: 'import-tcf',
          evidence: 'iab-tcf:v2 cmp=10 policy=4 gvl=48; log 7',
        },
        { kind: 'given', at: new Date('2026-01-15T00:00:00Z') },
        { kind: 'objected', at: new Date('2026-01-15T23:59:59.999Z') },
      ],
    });
    const at = '2026-01-15T10:00:00Z';
    const [exact] = await rowsOf({ subject: '1', tcf, at });
    expect(exact).toMatchObject({ events: [{ at: new Date(at) }, { at: new Date(at) }, {}] });
    expect(await reasonOf(tcf, { at: '2026-01-16T00:00:00Z' })).toMatch(/^`at` is not when/);
    const now = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    const [today] = await rowsOf({ subject: '1', tcf: tcfString({ at: new Date(now) }) });
    const said = today && 'events' in today ? (today.events[0]?.at?.getTime() ?? 0) : 0;
    expect(said).toBeGreaterThanOrEqual(now);
    expect(said).toBeLessThanOrEqual(Date.now());
  });

  it('is refused by name when it is malformed', async () => {
    const good = tcfString({ purposes: [3], disclosed: both });
    const [core = '', disclosed = ''] = good.split('.');
    expect(await reasonOf(good)).toBe('taken');
    for (const [tcf, what] of [
      [undefined, '`tcf` is missing'],
      ['', 'holds a character'],
      ['a b', 'holds a character'],
      ['BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA', 'is of version 1'],
      ['DOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA', 'is of no known version'],
      [core.slice(0, 30), 'is cut off'],
      [core.slice(0, -9), 'is cut off'],
      [`${core}AAAAAAAA`, 'goes on behind its end'],
      [`${core}B`, 'goes on behind its end'],
      [`${core}.`, 'holds a character'],
      [`${core}.${core}`, 'has a part twice'],
      [`${core}.${disclosed}.${disclosed}`, 'has a part twice'],
      [`${core}.gAAA`, 'has a part twice, or one that is not known'],
      [`${disclosed}.${core}`, 'is of no known version'],
      [tcfString({ at: new Date('2015-01-01T00:00:00Z') }), 'impossible dates'],
      [tcfString({ at: new Date('2099-01-01T00:00:00Z') }), 'impossible dates'],
      ['C'.repeat(20_000), '`tcf` is over 16,384 characters'],
    ] as const)
      expect(await reasonOf(tcf), String(tcf).slice(0, 40)).toContain(what);
  });

  it('is never read when a bit of its frame is lost, and never throws', async () => {
    const good = tcfString({ purposes: [3, 4], vendors: [1, 5, vendor, 800], disclosed: both });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'.split('');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(fc.constantFrom(...alphabet)).map((all) => `C${all.join('')}`),
          fc
            .tuple(fc.nat(good.length), fc.constantFrom(...alphabet))
            .map(([at, sign]) => good.slice(0, at) + sign + good.slice(at + 1)),
          fc.nat(good.length - 1).map((at) => good.slice(0, at)),
        ),
        async (tcf) => {
          const [row] = await rowsOf({ subject: '1', tcf });
          if (!row) throw new Error('no row');
          if ('events' in row) {
            expect(malformedTcf(tcf)).toBeUndefined();
            for (const { at, purpose } of row.events) {
              expect(at?.getTime()).toBeGreaterThan(Date.parse('2019-01-01'));
              expect(['ADS', 'NEWS', 'MEASURE']).toContain(purpose);
            }
          } else expect(row.refused.reason).not.toBe('');
        },
      ),
      { numRuns: 3_000 },
    );
    const parts = good.split('.');
    for (let at = 0; at < good.length; at += 1) {
      const cut = good.slice(0, at);
      // Cut behind a part, or within the zeros that fill it up, nothing is lost that it said.
      const part = parts[cut.split('.').length - 1] ?? '';
      const lost = part.slice(cut.split('.').at(-1)?.length);
      if (/^A{0,3}$/.test(lost)) continue;
      expect((await reasonOf(cut)) === 'taken', cut).toBe(false);
    }
  });
});

describe('the map', () => {
  it.each([
    ['[', 'is no YAML'],
    ['{}', '`vendor` is wrong'],
    ['vendor: 0\npurposes: {1: A}', '`vendor` is wrong'],
    ['vendor: 1\npurposes: {}', '`purposes` is empty'],
    ['vendor: 1\npurposes: {12: A}', '`purposes.12` is wrong'],
    ['vendor: 1\npurposes: {1: A}\nspecialFeatures: {3: A}', '`specialFeatures.3` is wrong'],
    ['vendor: 1\npurposes: {1: A}\nother: 1', 'is wrong: Unrecognized key'],
    ['vendor: 1\npurposes: {1: A}\ncategories: {B: [C]}', '`B` is not among `purposes`'],
    [
      'vendor: 1\npurposes: {1: A}\nspecialFeatures: {1: A}\nlegitimateInterest: [A]',
      '`A` needs a special feature',
    ],
    ['vendor: 1\npurposes: {1: A, 1: B}', 'is no YAML'],
  ])('refuses %s', (text, what) => {
    expect(() => parseTcfMap(text)).toThrow(what);
  });
});
