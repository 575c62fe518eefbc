import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { contentHash, meaningHash } from '../../src/notices/notice-hash.ts';
import { contentOf, offersYaml } from './notice-policy.ts';

const usual = contentOf(offersYaml('MAIL, SMS'));

it('is SHA-256 over the RFC 8785 form', () => {
  const text =
    '[{"bases":["CONSENT"],"categories":["MAIL","SMS"],"origins":["FIRST_PARTY","ZERO_PARTY"],"purpose":"OFFERS","recipients":[],"retention":null}]';
  expect(meaningHash(usual)).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  expect(contentHash(usual)).toMatch(/^sha256:[0-9a-f]{64}$/);
});

it('does not depend on the order of keys and lists, nor on how YAML breaks lines', () => {
  const written = `
languages:
  en:
    withdraw: Say so.\r
    gain: |

      Money

    text: >
      We use
      it.
    title: "Off\\
      ers"
purposes: { 'OFFERS': { origins: [ZERO_PARTY, FIRST_PARTY], categories: [SMS, MAIL] } }
id: club`;
  expect(contentHash(contentOf(written))).toBe(contentHash(usual));
});

it('does not depend on which line breaks and forms of letters an editor writes', () => {
  const wording = (text: string) =>
    contentHash(
      contentOf(
        offersYaml('MAIL', { en: `\n    { title: t, gain: g, withdraw: w, text: "${text}" }` }),
      ),
    );
  expect(wording('a\\r\\nb')).toBe(wording('a\\nb'));
  expect(wording('Pra\\u0308mie')).toBe(wording('Prämie'));
  expect(wording('a\\nb')).not.toBe(wording('a b'));
});

it('survives the way through the database', () => {
  const back = JSON.parse(JSON.stringify(usual)) as typeof usual;
  expect(contentHash(back)).toBe(contentHash(usual));
});

it('tells wording from meaning', () => {
  const reworded = contentOf(
    offersYaml('MAIL, SMS', { en: '{ title: News, text: x, gain: g, withdraw: w }' }),
  );
  expect(meaningHash(reworded)).toBe(meaningHash(usual));
  expect(contentHash(reworded)).not.toBe(contentHash(usual));
  expect(meaningHash(contentOf(offersYaml('MAIL')))).not.toBe(meaningHash(usual));
});
