import { describe, expect, it } from 'vitest';
import type { NoticeContent, NoticePurpose } from '../../src/core/notice.ts';
import { diffNotices } from '../../src/notices/diff-notices.ts';
import { contentOf, offersYaml } from './notice-policy.ts';

const base = contentOf(offersYaml('MAIL, SMS'));
const meaning = (changes: Partial<NoticePurpose>, from = base): NoticeContent => ({
  ...from,
  purposes: from.purposes.map((one) => ({ ...one, ...changes })),
});
const all = [{ purpose: 'OFFERS', categories: ['MAIL', 'SMS'] }];

describe('what earlier say-so does not cover', () => {
  it.each<[string, NoticeContent, NoticeContent, object[]]>([
    ['nothing, of nothing', base, base, []],
    [
      'a category',
      base,
      meaning({ categories: ['MAIL', 'PUSH', 'SMS'] }),
      [{ purpose: 'OFFERS', categories: ['PUSH'] }],
    ],
    ['nothing, of less', base, meaning({ categories: ['MAIL'] }), []],
    ['all, of a new recipient', base, meaning({ recipients: ['Acme'] }), all],
    ['nothing, of a recipient less', meaning({ recipients: ['Acme'] }), base, []],
    ['all, where consent is asked now', meaning({ bases: ['LEGITIMATE_INTEREST'] }), base, all],
    ['nothing, where none is asked any more', base, meaning({ bases: ['CONTRACT'] }), []],
    ['nothing, of another place', base, meaning({ bases: ['CONSENT', 'OPT_OUT'] }), []],
    ['nothing, of another retention', base, meaning({ retention: 'P2Y' }), []],
    [
      'data of a new origin',
      base,
      meaning({ origins: ['FIRST_PARTY', 'THIRD_PARTY'] }),
      [{ purpose: 'OFFERS', categories: ['MAIL', 'SMS'], origins: ['THIRD_PARTY'] }],
    ],
    [
      'nothing, of an origin that shares its say-so',
      meaning({ origins: ['ZERO_PARTY'] }),
      meaning({ origins: ['FIRST_PARTY', 'ZERO_PARTY'] }),
      [],
    ],
    ['a purpose', { ...base, purposes: [] }, base, all],
    ['nothing, of a purpose less', base, { ...base, purposes: [] }, []],
  ])('is %s', (_what, from, to, voids) => {
    expect(diffNotices(from, to).voids).toEqual(voids);
  });
});

it('lists what means something else', () => {
  const to = meaning({
    categories: ['MAIL', 'PUSH'],
    recipients: ['Acme'],
    retention: 'P2Y',
    bases: ['CONTRACT'],
    origins: ['FIRST_PARTY'],
  });
  expect(diffNotices(base, to)).toMatchObject({
    kind: 'meaning',
    purposes: { added: [], removed: [] },
    changed: [
      {
        purpose: 'OFFERS',
        categories: { added: ['PUSH'], removed: ['SMS'] },
        recipients: { added: ['Acme'], removed: [] },
        bases: { added: ['CONTRACT'], removed: ['CONSENT'] },
        origins: { added: [], removed: ['ZERO_PARTY'] },
        retention: { from: null, to: 'P2Y' },
      },
    ],
    texts: [],
  });
  expect(diffNotices(base, { ...base, purposes: [] })).toMatchObject({
    kind: 'meaning',
    purposes: { added: [], removed: ['OFFERS'] },
    changed: [],
  });
});

it('lists what reads otherwise', () => {
  const [en] = base.languages;
  if (!en) throw new Error('no language');
  const to: NoticeContent = {
    ...base,
    languages: [
      { ...en, language: 'de' },
      { ...en, text: { ...en.text, gain: 'More' } },
    ],
  };
  const diff = diffNotices(base, to);
  expect(diff).toMatchObject({
    kind: 'wording',
    languages: { added: ['de'], removed: [] },
    texts: [{ language: 'en', part: 'gain', from: 'Money', to: 'More' }],
    firstLanguage: { from: 'en', to: 'de' },
    voids: [],
  });
  const turned = { ...to, languages: to.languages.toReversed() };
  expect(diffNotices(to, turned)).toMatchObject({ kind: 'wording', texts: [] });
  expect(diffNotices(to, to).kind).toBe('nothing');
});
