import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationEntry } from '../../src/audit/entry.ts';
import type { Difference } from '../../src/replay/difference.ts';
import { rightsSchema } from '../gateway/rights-shop.ts';
import { LogStage, policyOf, type Line } from './log-stage.ts';
import { replay, type Replayed } from './replay.ts';

const policy = policyOf(rightsSchema);
let stage: LogStage;
/** By id. */
let n: Record<string, number>;
beforeAll(async () => {
  stage = await LogStage.open(policy);
  n = {};
  for (const id of ['yes', 'no', 'silent', 'ends', 'ended', 'gone', 'gpc'])
    n[id] = await stage.number(id);
  await stage.say('yes', 'given', 'NEWS');
  await stage.say('yes', 'given', 'ADS');
  await stage.say('no', 'refused', 'NEWS');
  await stage.say('no', 'objected', 'FRAUD');
  await stage.say('no', 'objected', 'CLUB');
  await stage.say('ends', 'given', 'NEWS', { validUntil: new Date(Date.now() + 3_600_000) });
  await stage.say('ended', 'given', 'NEWS', {
    at: new Date(Date.now() - 7_200_000),
    validUntil: new Date(Date.now() - 3_600_000),
  });
  await stage.say('gpc', 'refused', 'ADS', { signal: 'GPC' });
});
afterAll(() => stage.close());

const later = (hours: number): number => (Date.now() + hours * 3_600_000) * 1_000;
const short = ({ severity, kind, coordinate, subjects, says, follows }: Difference): string =>
  [severity, kind, coordinate, subjects, says, '→', follows]
    .filter((part) => part !== undefined)
    .join(' ');

/** Writes one entry and replays it alone. */
const one = async (
  lines: readonly Line[],
  changes: Partial<OperationEntry> = {},
): Promise<Replayed & { readonly found: readonly string[]; readonly index: number }> => {
  const index = await stage.write(lines, changes);
  const replayed = await replay(stage.database.knex, { from: index, to: index + 1 });
  for (const difference of replayed.differences)
    expect(difference).toMatchObject({ log: 'replay.test', index });
  return { ...replayed, index, found: replayed.differences.map(short) };
};
const found = async (lines: readonly Line[], changes: Partial<OperationEntry> = {}) =>
  (await one(lines, changes)).found;
const email = 'Customer.email';
const s = (...ids: readonly string[]): string =>
  ids
    .map((id) => n[id] ?? -1)
    .sort((a, b) => a - b)
    .join(',');

describe('a decision by say-so', () => {
  it('follows', async () => {
    const { found: none, summary } = await one([
      ['OPEN', ['Customer.id'], `${s('yes', 'no', 'silent')},?`],
      ['CONSENTED', [email], s('yes', 'ends')],
      ['REFUSED', [email], s('no')],
      ['NEVER_ASKED', [email], s('silent')],
      ['NOT_EVALUATED', [email], '?'],
      ['NOT_COVERED', ['Customer.name'], `${s('yes')},?`],
      ['NOT_COVERED', ['Order.follows']],
    ]);
    expect(none).toEqual([]);
    expect(summary).toMatchObject({ decisions: 7, derived: 11, onPlace: 0, notDerivable: 0 });
  });

  it('is found where it released too much, at the very person and field', async () => {
    expect(
      await found([
        ['CONSENTED', [email], s('yes', 'silent')],
        ['OPEN', ['Customer.name'], s('yes')],
      ]),
    ).toEqual([
      `OVER_RELEASE DECISION ${email} ${s('silent')} CONSENTED → NEVER_ASKED`,
      `OVER_RELEASE DECISION Customer.name ${s('yes')} OPEN → NOT_COVERED`,
    ]);
  });

  it('is found where it released too little, or for another reason', async () => {
    expect(
      await found([
        ['WITHDRAWN', [email], s('no')],
        ['REFUSED', [email], s('yes')],
        ['NO_SUCH', [email], s('silent')],
        ['NOT_EVALUATED', ['Customer.id'], '?'],
      ]),
    ).toEqual([
      `REASON DECISION ${email} ${s('no')} WITHDRAWN → REFUSED`,
      `OVER_WITHHELD DECISION ${email} ${s('yes')} REFUSED → CONSENTED`,
      `REASON DECISION ${email} ${s('silent')} NO_SUCH → NEVER_ASKED`,
      `OVER_WITHHELD DECISION Customer.id ? NOT_EVALUATED → OPEN`,
    ]);
  });

  it('is judged by the time it was made at', async () => {
    expect(await found([['EXPIRED', [email], s('ended')]])).toEqual([]);
    expect(await found([['CONSENTED', [email], s('ended')]])).toEqual([
      `OVER_RELEASE DECISION ${email} ${s('ended')} CONSENTED → EXPIRED`,
    ]);
  });

  it.each([-1, 2])('was made when it was written, and not %d hours after', async (hours) => {
    const index = await stage.write([], { decidedAt: later(hours) });
    const { differences } = await replay(stage.database.knex, { from: index, to: index + 1 });
    expect(differences).toEqual([
      expect.objectContaining({
        ...{ severity: 'RECORD', kind: 'HEAD' },
        says: expect.stringMatching(/^decided at 2/) as string,
        follows: expect.stringMatching(/^at most five minutes from 2/) as string,
      }),
    ]);
    // A yes that had ended is not kept alive by an old time alone.
    expect(
      await found([['CONSENTED', [email], s('ended')]], { decidedAt: later(-1.5) }),
    ).toContainEqual(expect.stringMatching(/^RECORD HEAD decided at/));
    expect(await found([], { decidedAt: later(4 / 60) })).toEqual([]);
  });

  it('is judged by the head it was made at, whatever was said since', async () => {
    const number = await stage.number('moving');
    const first = await stage.say('moving', 'given', 'NEWS');
    const second = await stage.say('moving', 'withdrawn', 'NEWS');
    const at = (head: number, reason: string) =>
      found([[reason, [email], String(number)]], { head });
    expect(await at(first - 1, 'NEVER_ASKED')).toEqual([]);
    expect(await at(first, 'CONSENTED')).toEqual([]);
    expect(await at(second, 'WITHDRAWN')).toEqual([]);
    expect(await at(second, 'CONSENTED')).toEqual([
      `OVER_RELEASE DECISION ${email} ${number} CONSENTED → WITHDRAWN`,
    ]);
  });

  it('cannot be without a head', async () => {
    const bare = { head: undefined, decidedAt: undefined };
    expect(await found([['OPEN', ['Customer.id'], s('yes')]], bare)).toEqual([]);
    expect(await found([['CONSENTED', [email], s('yes')]], bare)).toEqual([
      `OVER_RELEASE DECISION ${email} ${s('yes')} CONSENTED → NOT_EVALUATED`,
    ]);
    expect(await found([], { decidedAt: undefined })).toEqual([
      'RECORD HEAD a head without a time, or a time without a head → both',
    ]);
  });

  it('heeds a signal of the request, and one in the ledger', async () => {
    const ads = { purpose: 'ADS', signals: ['GPC'] };
    const silent = await one([['GPC', [email], s('silent', 'gpc')]], ads);
    expect(silent.found).toEqual([]);
    expect(await found([['GPC', [email], s('gpc')]], { purpose: 'ADS' })).toEqual([]);
    expect(await found([['GPC', [email], s('silent')]], { purpose: 'ADS' })).toEqual([
      `REASON DECISION ${email} ${s('silent')} GPC → NEVER_ASKED or OPT_OUT`,
    ]);
    expect(await found([['OPT_OUT', [email], s('silent')]], ads)).toEqual([
      `OVER_RELEASE DECISION ${email} ${s('silent')} OPT_OUT → GPC`,
    ]);
  });

  it('about nobody known is withheld, whatever the basis', async () => {
    expect(await found([['CONSENTED', [email], '?']])).toEqual([
      `OVER_RELEASE DECISION ${email} ? CONSENTED → NOT_EVALUATED`,
    ]);
    const tax = { purpose: 'TAX' };
    expect(await found([['NOT_EVALUATED', ['Customer.name'], '?']], tax)).toEqual([]);
    expect(await found([['LEGAL_OBLIGATION', ['Customer.name'], `${s('no')},?`]], tax)).toEqual([
      'OVER_RELEASE DECISION Customer.name ? LEGAL_OBLIGATION → NOT_EVALUATED',
    ]);
  });

  it('needs somebody, but for a list that was not read', async () => {
    expect(await found([['NOT_COVERED', ['Customer.name']]])).toEqual([]);
    expect(await found([['NOT_PERMITTED', ['Order.staffNote']]])).toEqual([]);
    expect(await found([['NEVER_ASKED', [email]]])).toEqual([
      `REASON DECISION ${email} NEVER_ASKED → a decision about somebody`,
    ]);
    expect(await found([['CONSENTED', [email]]])).toEqual([
      `OVER_RELEASE DECISION ${email} CONSENTED → a decision about somebody`,
    ]);
  });
});

describe('a basis that asks nobody', () => {
  it('follows, and a no stands against it only in direct marketing', async () => {
    expect(
      await found([['CONTRACT', ['Customer.name', email], s('no')]], { purpose: 'SERVE' }),
    ).toEqual([]);
    expect(await found([['OBJECTED', [email], s('no')]], { purpose: 'FRAUD' })).toEqual([]);
    expect(
      await found([['LEGITIMATE_INTEREST', [email], s('no', 'yes')]], { purpose: 'FRAUD' }),
    ).toEqual([`OVER_RELEASE DECISION ${email} ${s('no')} LEGITIMATE_INTEREST → OBJECTED`]);
    expect(
      await found([['CONTRACT', ['Customer.name'], s('no', 'yes')]], { purpose: 'CLUB' }),
    ).toEqual([`OVER_RELEASE DECISION Customer.name ${s('no')} CONTRACT → OBJECTED`]);
    expect(await found([['CONSENTED', ['Customer.name'], s('yes')]], { purpose: 'TAX' })).toEqual([
      `REASON DECISION Customer.name ${s('yes')} CONSENTED → LEGAL_OBLIGATION`,
    ]);
  });

  it('is none where the operation had no purpose', async () => {
    const none = { purpose: undefined };
    expect(await found([['NOT_COVERED', ['Customer.name'], s('yes')]], none)).toEqual([]);
    expect(await found([['CONTRACT', ['Customer.name'], s('yes')]], none)).toEqual([
      `OVER_RELEASE DECISION Customer.name ${s('yes')} CONTRACT → NOT_COVERED`,
    ]);
  });
});

describe('a head that stands still', () => {
  /** As if it had been recorded minutes ago. */
  const recorded = (position: number, minutes: number): Promise<void> =>
    stage.tamper(
      'consent_event',
      `update consent_event set recorded_at = now() - interval '${minutes} minutes'
       where position = ${position}`,
    );

  it('is found where what was said since forbids what was released', async () => {
    const number = await stage.number('frozen');
    const before = await stage.say('frozen', 'given', 'NEWS');
    const after = await stage.say('frozen', 'withdrawn', 'NEWS');
    const at = (reason: string) => found([[reason, [email], String(number)]], { head: before });
    expect(await at('CONSENTED')).toEqual([]);
    await recorded(after, 4);
    expect(await at('CONSENTED')).toEqual([]);
    await recorded(after, 6);
    expect(await at('CONSENTED')).toEqual([
      `OVER_RELEASE DECISION ${email} ${number} CONSENTED → WITHDRAWN, recorded more than five minutes before`,
    ]);
    // Stated for another time: what counts is when it was recorded.
    await stage.tamper(
      'consent_event',
      `update consent_event set at = now() + interval '1 hour' where position = ${after}`,
    );
    expect(await at('CONSENTED')).toHaveLength(1);
    expect(await at('REFUSED')).toEqual([
      `OVER_WITHHELD DECISION ${email} ${number} REFUSED → CONSENTED`,
      `RECORD HEAD ${number} decided at position ${before} → what they had said by position ${after}, recorded more than five minutes before`,
    ]);
    // Others said nothing.
    expect(await found([['CONSENTED', [email], s('yes')]], { head: before })).toEqual([]);
  });

  it('is told where it made no difference', async () => {
    const number = await stage.number('slow');
    const before = await stage.say('slow', 'given', 'NEWS');
    const after = await stage.say('slow', 'renewed', 'NEWS');
    await recorded(after, 6);
    expect(await found([['CONSENTED', [email], String(number)]], { head: before })).toEqual([
      `RECORD HEAD ${number} decided at position ${before} → what they had said by position ${after}, recorded more than five minutes before`,
    ]);
  });
});

describe('a number that was erased', () => {
  it('has nothing released any more, but for what is open', async () => {
    const number = String(await stage.number('left'));
    const before = await stage.head();
    await stage.erase('left');
    const tax = { purpose: 'TAX' };
    const lines: Line[] = [
      ['OPEN', ['Customer.id'], number],
      ['LEGAL_OBLIGATION', ['Customer.name'], number],
    ];
    expect(await found(lines, { ...tax, head: before })).toEqual([]);
    expect(await found(lines, tax)).toEqual([
      `OVER_RELEASE DECISION Customer.name ${number} LEGAL_OBLIGATION → ERASED`,
    ]);
    expect(await found([['CONTRACT', ['Customer.name'], number]], { purpose: 'SERVE' })).toEqual([
      `OVER_RELEASE DECISION Customer.name ${number} CONTRACT → ERASED`,
    ]);
  });
});

describe('where a person lives', () => {
  it('is not in the entry: what some place gives is right, and counted', async () => {
    const { found: none, summary } = await one(
      [
        ['OPT_OUT', [email], s('silent')],
        ['NEVER_ASKED', [email], s('no')],
        ['CONSENTED', ['Review.text'], s('yes')],
      ],
      { purpose: 'ADS' },
    );
    expect(none).toEqual([]);
    expect(summary).toMatchObject({ derived: 3, onPlace: 3 });
  });

  it('makes nothing right that no place gives', async () => {
    expect(await found([['CONTRACT', [email], s('silent')]], { purpose: 'ADS' })).toEqual([
      `REASON DECISION ${email} ${s('silent')} CONTRACT → NEVER_ASKED or OPT_OUT`,
    ]);
    await stage.say('never', 'refused');
    const number = await stage.number('never');
    expect(await found([['OPT_OUT', [email], String(number)]], { purpose: 'ADS' })).toEqual([
      `OVER_RELEASE DECISION ${email} ${number} OPT_OUT → REFUSED`,
    ]);
    // Data nobody volunteered need a yes wherever somebody lives.
    expect(await found([['OPT_OUT', ['Profile.income'], s('silent')]], { purpose: 'ADS' })).toEqual(
      [`OVER_RELEASE DECISION Profile.income ${s('silent')} OPT_OUT → NEVER_ASKED`],
    );
  });
});

describe('rules about the caller', () => {
  it('cannot be derived, and are counted', async () => {
    const { found: none, summary } = await one(
      [
        ['NOT_PERMITTED', ['Order.staffNote'], s('yes', 'no')],
        ['CONTRACT', ['Order.staffNote'], s('silent')],
      ],
      { purpose: 'STAFF' },
    );
    expect(none).toEqual([]);
    expect(summary).toMatchObject({ derived: 3, notDerivable: 2, onRule: 1 });
  });

  it('are no excuse where there are none, and release nothing that say-so does not', async () => {
    expect(await found([['NOT_PERMITTED', [email], s('yes')]])).toEqual([
      `OVER_WITHHELD DECISION ${email} ${s('yes')} NOT_PERMITTED → CONSENTED`,
    ]);
    expect(await found([['CONTRACT', ['Order.staffNote'], s('yes')]])).toEqual([
      `OVER_RELEASE DECISION Order.staffNote ${s('yes')} CONTRACT → NOT_COVERED`,
    ]);
  });
});

describe('names', () => {
  it('that the policy lacks are told', async () => {
    expect(
      await found([
        ['CONSENTED', ['Customer.shoe'], s('yes')],
        ['NOT_COVERED', ['Ghost.name'], s('yes')],
      ]),
    ).toEqual([
      `OVER_RELEASE COORDINATE Customer.shoe ${s('yes')} CONSENTED → no such field in the policy`,
      `RECORD COORDINATE Ghost.name ${s('yes')} NOT_COVERED → no such field in the policy`,
    ]);
    const other = { purpose: 'NO_SUCH' };
    expect(await found([['CONSENTED', [email], s('yes')]], other)).toEqual([
      'RECORD PURPOSE for `NO_SUCH` → no such purpose in the policy',
      `OVER_RELEASE DECISION ${email} ${s('yes')} CONSENTED → NOT_COVERED`,
    ]);
    expect(await found([], { ...other, head: undefined, decidedAt: undefined })).toHaveLength(1);
    const refused = { ...other, outcome: 'PURPOSE_UNKNOWN' };
    expect(await found([], { ...refused, head: undefined, decidedAt: undefined })).toEqual([]);
  });
});

describe('numbers', () => {
  it('that nobody could have are told, however many', async () => {
    expect(await found([['CONSENTED', [email], '2147000000-2147483647']])).toEqual([
      `OVER_RELEASE NUMBER ${email} 2147000000-2147483647 CONSENTED → numbers that were never given to anybody`,
    ]);
    expect(await found([['OPEN', ['Customer.id'], '65535-65536']])).toEqual([
      expect.stringMatching(/^RECORD NUMBER Customer.id 65536(,65535)? OPEN/),
    ]);
  });

  it('that lie in the lottery still are told', async () => {
    const { rows } = await stage.database.knex.raw<{ rows: { number: number }[] }>(
      'select number from subject_lot limit 1',
    );
    const number = String(rows[0]?.number);
    expect(await found([['NEVER_ASKED', [email], number]])).toEqual([
      `RECORD NUMBER ${email} ${number} NEVER_ASKED → numbers that were never given to anybody`,
    ]);
  });
});

describe('a person’s own data', () => {
  const access: Line = ['SUBJECT_ACCESS', [email, 'Wishes.size', 'Customer.lives'], ''];
  const own = (subjects: string, actor: string, coordinates = access[1]) =>
    found([['SUBJECT_ACCESS', coordinates, subjects]], { purpose: undefined, actor });

  it('may be shown to them', async () => {
    expect(await own(s('no'), `subject:${n['no']}`)).toEqual([]);
    // Such an operation needs no head.
    const bare = { purpose: undefined, head: undefined, decidedAt: undefined };
    const actor = `subject:${n['no']}`;
    expect(await found([['SUBJECT_ACCESS', [email], s('no')]], { ...bare, actor })).toEqual([]);
  });

  it('may be shown to nobody else, and nothing else to them', async () => {
    const told = (subjects: string, coordinate: string, actor: string, why: string) =>
      `OVER_RELEASE ACCESS ${coordinate} ${subjects} SUBJECT_ACCESS by \`${actor}\` → ${why}`;
    const [yes, no] = [s('yes'), s('no')];
    expect(await own(no, `subject:${yes}`, [email])).toEqual([
      told(no, email, `subject:${yes}`, 'that person alone'),
    ]);
    expect(await own(no, 'desk', [email])).toEqual([told(no, email, 'desk', 'that person alone')]);
    expect(await own(no, 'subject:unknown', [email])).toEqual([
      told(no, email, 'subject:unknown', 'that person alone'),
    ]);
    expect(await own(s('yes', 'no'), `subject:${yes}`, [email])).toEqual([
      told(s('yes', 'no'), email, `subject:${yes}`, 'one person at a time'),
    ]);
    expect(await own('?', 'subject:unknown', [email])).toEqual([
      told('?', email, 'subject:unknown', 'one person at a time'),
    ]);
    expect(await own(no, `subject:${no}`, ['Product.name'])).toEqual([
      told(no, 'Product.name', `subject:${no}`, 'fields about the persons who sign in'),
    ]);
    expect(await own(no, `subject:${no}`, ['Customer.shoe'])).toEqual([
      told(no, 'Customer.shoe', `subject:${no}`, 'fields about the persons who sign in'),
    ]);
  });

  it('is theirs still where they were erased while it was answered', async () => {
    await stage.erase('gone');
    expect(await own(s('gone'), 'subject:unknown', [email])).toEqual([]);
    const bare = { purpose: undefined, head: undefined, decidedAt: undefined };
    const access: Line = ['SUBJECT_ACCESS', [email], s('gone')];
    const me = () => found([access], { ...bare, actor: 'subject:unknown' });
    expect(await me()).toEqual([]);
    for (const minutes of [-6, 2]) {
      await stage.tamper(
        'consent_event',
        `update consent_event set recorded_at = now() - interval '${minutes} minutes'
         where kind = 'erased' and subject = ${s('gone')}`,
      );
      expect(await me()).toEqual([
        expect.stringMatching(/^OVER_RELEASE ACCESS.*that person alone/),
      ]);
    }
    expect(await found([['ERASED', [email], s('gone')]])).toEqual([]);
  });
});

describe('what is replayed in little memory', () => {
  it('is the same', async () => {
    const lines: Line[] = [
      ['CONSENTED', [email], s('yes')],
      ['NEVER_ASKED', [email], s('silent')],
      ['REFUSED', [email], s('no', 'silent')],
    ];
    const indexes = [];
    for (let i = 0; i < 5; i += 1) indexes.push(await stage.write(lines));
    const range = { from: indexes[0]!, to: indexes[4]! + 1 };
    const large = await replay(stage.database.knex, range);
    const small = await replay(stage.database.knex, { ...range, maxPersons: 1 });
    expect(large.differences).toHaveLength(5);
    expect(small).toEqual(large);
  });
});
