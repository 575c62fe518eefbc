import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NoticeError } from '../../src/core/errors.ts';
import { readNotice, readNoticeFile } from '../../src/notices/read-notice-file.ts';
import { contentOf, noticePolicy, offersYaml } from './notice-policy.ts';

const policy = noticePolicy();

const problemsOf = (yaml: string): readonly string[] => {
  const read = readNotice(yaml, 'club.yaml', policy);
  return read.ok
    ? []
    : read.problems.map(({ where, what, mend }) => `${where} | ${what} | ${mend}`);
};

const languages = 'languages:\n  en: { title: t, text: x, gain: g, withdraw: w }\n';
const withPurposes = (purposes: string): string => `id: club\npurposes:\n${purposes}${languages}`;
const withLanguages = (text: string): string =>
  `id: club\npurposes:\n  OFFERS: { categories: [MAIL] }\nlanguages:\n${text}`;

describe('a notice that is sound', () => {
  it('takes from the policy what the file leaves out', () => {
    const yaml = withPurposes(
      '  OFFERS: { categories: [SMS, MAIL] }\n  ADS: { categories: [MAIL, INCOME], origins: [THIRD_PARTY, FIRST_PARTY] }\n  GUARD: { categories: [MAIL] }\n  RESEARCH: { categories: [INCOME], origins: [THIRD_PARTY] }\n',
    );
    expect(contentOf(yaml).purposes).toEqual([
      {
        purpose: 'ADS',
        categories: ['INCOME', 'MAIL'],
        origins: ['FIRST_PARTY', 'THIRD_PARTY'],
        recipients: ['Acme', 'Broadcast'],
        bases: ['CONSENT', 'OPT_OUT'],
        retention: null,
      },
      {
        purpose: 'GUARD',
        categories: ['MAIL'],
        origins: ['FIRST_PARTY', 'ZERO_PARTY'],
        recipients: [],
        bases: ['LEGITIMATE_INTEREST'],
        retention: 'P1Y',
      },
      {
        purpose: 'OFFERS',
        categories: ['MAIL', 'SMS'],
        origins: ['FIRST_PARTY', 'ZERO_PARTY'],
        recipients: [],
        bases: ['CONSENT'],
        retention: null,
      },
      {
        purpose: 'RESEARCH',
        categories: ['INCOME'],
        origins: ['THIRD_PARTY'],
        recipients: [],
        bases: ['CONSENT'],
        retention: null,
      },
    ]);
  });

  it('may repeat what the SDL says', () => {
    const yaml = withPurposes(
      '  ADS: { categories: [MAIL], recipients: [Broadcast, Acme] }\n  GUARD: { categories: [MAIL], recipients: [], retention: P1Y }\n',
    );
    expect(problemsOf(yaml)).toEqual([]);
  });

  it('keeps languages in their order, under their one written form', () => {
    const one = '{ title: t, text: x, gain: g, withdraw: w }';
    const { languages: kept } = contentOf(withLanguages(`  de-at: ${one}\n  EN: ${one}\n`));
    expect(kept.map(({ language }) => language)).toEqual(['de-AT', 'en']);
  });

  it('takes `${…}` for text', () => {
    const yaml = offersYaml('MAIL', {
      en: "{ title: '${HOME}', text: x, gain: g, withdraw: w }",
    });
    expect(contentOf(yaml).languages[0]?.text.title).toBe('${HOME}');
  });
});

describe('a problem', () => {
  it.each([
    ['no file at all', '', 'club.yaml:1:1 | is empty | name at least one'],
    ['no YAML', 'id: [', 'club.yaml:1:6 | is indented in a way'],
    ['no id', withPurposes('  OFFERS: { categories: [MAIL] }\n').slice(9), 'id | is missing'],
    ['an id', `id: My Club\n${withPurposes('').slice(9)}`, '1:5 id | is not an id for a notice'],
    ['a list', '- id: club\n', 'is not a mapping'],
    ['a key', `${offersYaml('MAIL')}purpose: x\n`, '6:1 purpose | is not a known key'],
    ['a key', offersYaml('MAIL', { more: ', keep: P1Y' }), 'keep | is not a known key'],
    ['no purpose', `id: club\npurposes: {}\n${languages}`, 'purposes | is empty'],
    ['purposes', `id: club\npurposes: [OFFERS]\n${languages}`, 'is not a mapping'],
    ['a purpose', withPurposes('  OFFER: { categories: [MAIL] }\n'), 'did you mean `OFFERS`?'],
    [
      'an inner purpose',
      withPurposes('  CLUB: { categories: [MAIL] }\n'),
      '3:3 purposes.CLUB | has other purposes under it | list those meant of `OFFERS`, `SUGGEST`',
    ],
    [
      'a deprecated purpose',
      withPurposes('  FORMER: { categories: [MAIL] }\n'),
      'is deprecated, so no new yes is taken | list `OFFERS` instead',
    ],
    ['no categories', withPurposes('  OFFERS: { origins: [FIRST_PARTY] }\n'), 'is missing'],
    ['no category', offersYaml(''), 'categories | is empty | name at least one'],
    ['categories', withPurposes('  OFFERS: { categories: MAIL }\n'), 'is not a list'],
    ['a number', offersYaml('1'), 'categories.0 | is not a name'],
    [
      'a category twice',
      offersYaml('MAIL, MAIL'),
      '3:32 purposes.OFFERS.categories.1 | is there twice',
    ],
    ['a category', offersYaml('MIAL'), 'is no category | did you mean `MAIL`?'],
    [
      'an inner category',
      offersYaml('CONTACT'),
      'has other categories under it | list those meant of `MAIL`, `SMS`, `PUSH`',
    ],
    ['a category of another purpose', offersYaml('BOUGHT'), 'is not used for `OFFERS`'],
    [
      'a deprecated category',
      withPurposes('  SUGGEST: { categories: [OLD] }\n'),
      'list `BOUGHT` instead',
    ],
    [
      'declared data',
      withPurposes('  SUGGEST: { categories: [TASTE] }\n'),
      'is what people declare themselves',
    ],
    [
      'data of an origin not named',
      withPurposes('  ADS: { categories: [INCOME] }\n'),
      'add `THIRD_PARTY` to `origins`',
    ],
    ['an origin', offersYaml('MAIL', { more: ', origins: [FIRST]' }), 'is no origin | use one of'],
    [
      'an unused origin',
      offersYaml('MAIL', { more: ', origins: [THIRD_PARTY]' }),
      'is an origin of which `OFFERS` uses no data',
    ],
    [
      'an origin that the purpose does not accept',
      withPurposes('  RESEARCH: { categories: [INCOME], origins: [FIRST_PARTY] }\n'),
      'does not accept | use `THIRD_PARTY`',
    ],
    [
      'no usual origin',
      withPurposes('  RESEARCH: { categories: [INCOME] }\n'),
      'name them: `origins: [THIRD_PARTY]`',
    ],
    ['no origin', offersYaml('MAIL', { more: ', origins: []' }), 'origins | is empty'],
    [
      'recipients',
      withPurposes('  ADS: { categories: [MAIL], recipients: [Acme] }\n'),
      'are not those that the SDL names for `ADS` | leave it out to mean `Acme`, `Broadcast`',
    ],
    [
      'recipients of nobody',
      offersYaml('MAIL', { more: ', recipients: [Secret]' }),
      '@purpose(recipients: […])',
    ],
    ['a retention', offersYaml('MAIL', { more: ', retention: P3Y' }), 'is not what the SDL says'],
    ['a retention', offersYaml('MAIL', { more: ', retention: 3' }), 'is not a duration'],
    ['no language', 'id: club\npurposes:\n  OFFERS: { categories: [MAIL] }\n', 'is missing'],
    ['a language', withLanguages('  e: { title: t }\n'), '5:3 languages.e | is not a language tag'],
    [
      'a language twice',
      withLanguages(
        '  en-us: { title: t, text: x, gain: g, withdraw: w }\n  en-US: { title: t, text: x, gain: g, withdraw: w }\n',
      ),
      'is `en-US`, which is there already',
    ],
    [
      'a text left out',
      offersYaml('MAIL', { en: '{ title: t, text: x, gain: g }' }),
      'withdraw | is missing',
    ],
    [
      'an empty text',
      offersYaml('MAIL', { en: "{ title: ' ', text: x, gain: g, withdraw: w }" }),
      'title | is empty',
    ],
    [
      'a number',
      offersYaml('MAIL', { en: '{ title: 1, text: x, gain: g, withdraw: w }' }),
      'is not text',
    ],
    [
      'a long text',
      offersYaml('MAIL', { en: `{ title: ${'t'.repeat(201)}, text: x, gain: g, withdraw: w }` }),
      'is longer than 200 characters',
    ],
    [
      'a command to a terminal',
      offersYaml('MAIL', { en: '{ title: "\\e[2J", text: x, gain: g, withdraw: w }' }),
      'holds characters that are not text',
    ],
    [
      'half a character',
      offersYaml('MAIL', { en: '{ title: "\\ud800", text: x, gain: g, withdraw: w }' }),
      'not text',
    ],
  ])('is %s', (_what, yaml, expected) => {
    expect(problemsOf(yaml).join('\n')).toContain(expected);
  });

  it('is told with all others, in the order of the lines, without a value of the file', () => {
    const found = problemsOf(
      'id: club\npurposes:\n  OFFERS:\n    categories: [MAIL, hunter2]\n    retention: hunter2\nlanguages:\n  en: { title: "", text: x, gain: g, withdraw: w, hunter2: y }\n',
    );
    expect(found.map((one) => one.split(' | ').slice(0, 2))).toEqual([
      ['club.yaml:4:24 purposes.OFFERS.categories.1', 'is no category'],
      ['club.yaml:5:16 purposes.OFFERS.retention', 'is not what the SDL says for `OFFERS`'],
      ['club.yaml:7:16 languages.en.title', 'is empty'],
      ['club.yaml:7:51 languages.en.hunter2', 'is not a known key'],
    ]);
    expect(found.join('').replaceAll('languages.en.hunter2', '')).not.toContain('hunter2');
  });
});

it('reads a file, and says what is wrong with one that it cannot read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sayso-notice-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'club.yaml');
  writeFileSync(path, offersYaml('MAIL'));
  expect(readNoticeFile(path, 'club.yaml', policy).id).toBe('club');
  const none = (): unknown => readNoticeFile(join(folder, 'none.yaml'), 'none.yaml', policy);
  expect(none).toThrow(NoticeError);
  expect(none).toThrow(/none\.yaml\n {4}is not there/);
  writeFileSync(path, offersYaml('MIAL'));
  expect(() => readNoticeFile(path, 'club.yaml', policy)).toThrow(/club\.yaml:3:26 purposes/);
});
