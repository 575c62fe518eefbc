import { createHash } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEntry } from '../../src/audit/encode-entry.ts';
import type { OperationEntry } from '../../src/audit/entry.ts';
import { createLogErasures } from '../../src/ledger/log-erasures.ts';
import type { ErasureLine } from '../../src/ledger/subject-eraser.ts';
import { publishNotice } from '../../src/ledger/notice-store.ts';
import { isSound } from '../../src/replay/replay-log.ts';
import { rightsSchema } from '../gateway/rights-shop.ts';
import { LogStage, policyOf } from './log-stage.ts';
import { replay } from './replay.ts';

const policy = policyOf(rightsSchema);
const email = 'Customer.email';
let stage: LogStage;
beforeEach(async () => {
  stage = await LogStage.open(policy);
});
afterEach(() => stage.close());

const found = async (): Promise<readonly string[]> => {
  const { differences, summary } = await replay(stage.database.knex);
  expect(isSound(summary)).toBe(differences.length === 0 && summary.lost.length === 0);
  return differences.map(({ severity, kind, index, says, follows }) =>
    [severity, kind, index, says, '→', follows].filter((part) => part !== undefined).join(' '),
  );
};

describe('the ledger', () => {
  it('lacks no position, whoever takes them', async () => {
    expect(await found()).toEqual([]);
    await stage.say('a', 'given', 'NEWS');
    await stage.say('a', 'refused');
    await notice('club', 'NEWS');
    await stage.erase('a', []);
    // Of somebody without a number: a position with nothing but the erasure.
    await stage.erase('nobody', []);
    await stage.store.append(
      ['b', 'c', 'd'].map((id) => ({
        subject: { type: 'Customer', id },
        ...{ kind: 'given', purpose: 'NEWS', method: 'test', at: new Date() },
      })),
    );
    await createLogErasures(stage.database.knex, stage.audit)();
    expect(await found()).toEqual([]);
  });

  it.each([
    ['consent_event', 'position = 2', 'nothing at position 2'],
    ['consent_event', 'position in (1, 2)', 'nothing at positions 1 to 2'],
    ['consent_event', 'position = 4', 'nothing at position 4'],
    ['notice', 'position = 3', 'nothing at position 3'],
  ])('is known to lack a row of %s where %s', async (table, where, says) => {
    await stage.say('a', 'given', 'NEWS');
    await stage.say('a', 'refused', 'NEWS');
    await notice('club', 'NEWS');
    await stage.say('b', 'refused', 'NEWS');
    await stage.tamper(table, `delete from ${table} where ${where}`);
    expect(await found()).toEqual([
      `RECORD LEDGER ${says} → something at each position up to the head 4: it was removed`,
    ]);
  });

  it('is known to be older than the log', async () => {
    const number = await stage.number('a');
    await stage.say('a', 'given', 'NEWS');
    await stage.write([['CONSENTED', [email], String(number)]], { head: 7 });
    expect(await found()).toEqual([
      'RECORD HEAD 0 decided at position 7 → at most 1: the ledger is older than the log',
    ]);
    expect((await replay(stage.database.knex)).summary.aheadOfLedger).toBe(1);
  });

  it('is known to have a head that went back', async () => {
    await stage.say('a', 'given', 'NEWS');
    await stage.say('a', 'refused', 'NEWS');
    await stage.tamper('ledger_head', 'update ledger_head set position = 1');
    expect(await found()).toEqual([
      'RECORD LEDGER its head is 1 → a head of 2, at which something stands',
    ]);
  });

  it('finds what an event that was removed, or changed, had brought about', async () => {
    const number = String(await stage.number('a'));
    await stage.say('a', 'given', 'NEWS');
    await stage.say('a', 'withdrawn', 'NEWS');
    await stage.write([['WITHDRAWN', [email], number]]);
    expect(await found()).toEqual([]);
    await stage.tamper(
      'consent_event',
      `update consent_event set kind = 'given', categories = '{EMAIL}' where position = 2`,
    );
    expect(await found()).toEqual(['OVER_WITHHELD DECISION 0 WITHDRAWN → CONSENTED']);
  });
});

const notice = (id: string, purpose: string) =>
  publishNotice(stage.database.knex, {
    id,
    content: {
      purposes: [
        {
          purpose,
          ...{
            categories: ['EMAIL'],
            origins: ['FIRST_PARTY'],
            recipients: [],
            bases: ['CONSENT'],
          },
          retention: null,
        },
      ],
      languages: [
        { language: 'en', text: { title: 't', text: uuidv7(), gain: 'g', withdraw: 'w' } },
      ],
    },
    contentHash: createHash('sha256').update(uuidv7()).digest('hex'),
    meaningHash: 'x',
    publishedBy: 'test',
  });

describe('notices', () => {
  it('are those that were current at the head and tell of the purpose', async () => {
    await notice('club', 'NEWS');
    await notice('mail', 'NEWS');
    await notice('other', 'SUGGEST');
    await stage.write([], { notices: [], head: 0 });
    await stage.write([], { notices: ['club@1'], head: 1 });
    await notice('club', 'NEWS');
    await stage.write([], { notices: ['club@1', 'mail@1'], head: 3 });
    await stage.write([], { notices: ['club@2', 'mail@1'] });
    await stage.write([], { notices: [], purpose: 'GROUP' });
    await stage.write([], { notices: ['other@1'], purpose: 'SUGGEST' });
    expect(await found()).toEqual([]);
    await stage.write([], { notices: ['club@1'] });
    await stage.write([], { notices: ['other@1'], purpose: undefined });
    expect(await found()).toEqual([
      'RECORD NOTICES 6 club@1 → club@2, mail@1',
      'RECORD NOTICES 7 other@1 → none',
    ]);
  });
});

describe('entries of erasures', () => {
  const line: ErasureLine = {
    ...{ source: 'shop', type: 'Order', rows: 3, because: 'tax law' },
    outcome: 'KEPT',
  };

  it('match the ledger', async () => {
    const number = await stage.number('a');
    await stage.erase('a', [line]);
    await stage.erase('unknown');
    await createLogErasures(stage.database.knex, stage.audit)();
    await stage.write([['ERASED', [email], String(number)]]);
    expect(await found()).toEqual([]);
  });

  it('are found where they do not', async () => {
    const a = await stage.number('a');
    const b = await stage.number('b');
    const position = await stage.erase('a', [line]);
    const forged = { kind: 'erasure', id: uuidv7(), actor: 'desk', sources: [] } as const;
    await stage.audit.append({ ...forged, head: position, subject: a });
    await stage.audit.append({ ...forged, head: 99, subject: a });
    await stage.tamper('erasure', `update erasure set subject = ${b}, actor = 'x', report = '[]'`);
    await createLogErasures(stage.database.knex, stage.audit)();
    await stage.tamper('erasure', `update erasure set subject = ${a}, actor = 'y'`);
    expect(await found()).toEqual([
      `RECORD ERASURE 0 an erasure at position ${position} → none there that has this id`,
      `RECORD ERASURE 1 at position 99 → at most ${position}: the ledger is older than the log`,
      `RECORD ERASURE 2 subject ${b} → subject ${a}`,
      'RECORD ERASURE 2 by `x` → by `y`',
      `RECORD ERASURE 2 subject ${b} erased → no \`erased\` of ${b} up to position ${position}`,
    ]);
  });
});

describe('an erasure that no log tells of', () => {
  const ago = (interval: string): Promise<void> =>
    stage.tamper('erasure', `update erasure set at = now() - interval '${interval}'`);

  it('is found, unless it is too new to be told or too old to be told still', async () => {
    const position = await stage.erase('a');
    expect(await found()).toEqual([]);
    await stage.write([]);
    expect(await found()).toEqual([]);
    await ago('2 minutes');
    const untold = [
      `RECORD ERASURE an erasure at position ${position} → an entry that tells of it`,
    ];
    expect(await found()).toEqual(untold);
    const before = new Date(Date.now() - 3_600_000).toISOString();
    const retention = {
      kind: 'retention',
      id: uuidv7(),
      actor: 'sayso',
      before,
      logs: [],
    } as const;
    await stage.audit.append(retention);
    expect(await found()).toEqual(untold);
    await ago('2 hours');
    expect(await found()).toEqual([]);
    await ago('2 minutes');
    await createLogErasures(stage.database.knex, stage.audit)();
    expect(await found()).toEqual([]);
  });

  it('is not told of by another entry under its id', async () => {
    const position = await stage.erase('a');
    await ago('2 minutes');
    const { knex } = stage.database;
    const { rows } = await knex.raw<{ rows: { entry: string }[] }>('select entry from erasure');
    await stage.write([], { id: rows[0]!.entry });
    expect(await found()).toEqual([
      `RECORD ERASURE an erasure at position ${position} → an entry that tells of it`,
    ]);
  });
});

describe('policies', () => {
  const lost = async () => {
    const { summary, differences } = await replay(stage.database.knex);
    expect(differences).toEqual([]);
    expect(isSound(summary)).toBe(summary.lost.length === 0);
    return summary.lost;
  };
  beforeEach(async () => {
    const number = String(await stage.number('a'));
    await stage.write([['NEVER_ASKED', [email], number]]);
    await stage.write([['NEVER_ASKED', [email], number]]);
  });

  it('are read back from their text', async () => {
    expect(await lost()).toEqual([]);
  });

  it('that are not there are told, with the entries that name them', async () => {
    await stage.tamper('policy', 'delete from policy');
    expect(await lost()).toEqual([
      { policy: policy.id, problem: 'its text is not in the database', entries: 2 },
    ]);
  });

  it('whose text was changed are told', async () => {
    await stage.tamper('policy', `update policy set sdl = replace(sdl, 'CONTRACT', 'CONSENT')`);
    expect(await lost()).toEqual([
      { policy: policy.id, problem: expect.stringMatching(/^its text is another one/), entries: 2 },
    ]);
  });

  it.each([
    ['type Query {', /^it does not compile: Syntax Error/],
    [
      policy.text.replace('enum Category {', 'enum Category { LOOSE'),
      /^it does not compile \(1 problem\(s\)\): .*`LOOSE` carries no @category/,
    ],
    [policy.text.replaceAll('category: EMAIL', 'category: EMIAL'), /^it does not compile/],
    [policy.text.replaceAll('enum Category', 'enum Cat'), /^it does not compile/],
    ['', /^it does not compile/],
  ])('that do not compile any more are told', async (sdl, problem) => {
    const id = `sha256:${createHash('sha256').update(sdl).digest('hex')}`;
    await stage.database.knex('policy').insert({ id, sdl });
    await stage.write([], { policy: id });
    expect(await lost()).toEqual([
      { policy: id, problem: expect.stringMatching(problem), entries: 1 },
    ]);
  });
});

describe('a policy in several files', () => {
  it('means what its text means, in whatever order they are read', () => {
    const more = `
      extend enum Category { B1 @category }
      extend enum Purpose { ZED @purpose(under: "GROUP", covers: [B1]) }`;
    const others = `
      extend enum Category { A1 @category }
      extend enum Purpose { ALF @purpose(under: "GROUP", covers: [A1]) }`;
    const one = policyOf(rightsSchema, more, others);
    const two = policyOf(others, more, rightsSchema);
    expect(two.id).toBe(one.id);
    expect(two.pairs).toEqual(one.pairs);
    expect(two.model.purposeTree.leavesOf('GROUP')).toEqual(
      one.model.purposeTree.leavesOf('GROUP'),
    );
  });
});

describe('the log', () => {
  const base = (changes: Partial<OperationEntry> = {}): OperationEntry => ({
    ...{ kind: 'operation', id: uuidv7(), client: 'c', actor: 'a', documentHash: 'd' },
    ...{ policy: policy.id, outcome: 'ANSWERED', notices: [], signals: [], errors: [] },
    ...{ coordinates: [], sets: [], decisions: [] },
    ...changes,
  });
  const text = (entry: OperationEntry, part?: number, parts?: number): string => {
    const [bytes] = encodeEntry(entry, new Date());
    const json = { ...(JSON.parse(String(bytes)) as object), part, parts };
    return JSON.stringify(
      Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
  };
  const write = async (...texts: readonly string[]): Promise<void> => {
    for (const one of texts) await stage.writeRaw(one);
  };

  it('holds parts in a row', async () => {
    const [a, b] = [base(), base()];
    await write(
      text(a, 1, 2),
      text(a, 2, 2),
      text(b, 1, 3),
      text(b, 2, 3),
      text(b, 3, 3),
      text(base()),
    );
    expect(await found()).toEqual([]);
    const cut = await replay(stage.database.knex, { from: 1, to: 3 });
    expect(cut.differences).toEqual([]);
  });

  it('lacks parts', async () => {
    const [a, b, c, d] = [base(), base(), base(), base()];
    await write(
      ...[text(a, 2, 2), text(b, 1, 3), text(b, 3, 3), text(c, 1, 2), text(base())],
      ...[text(base(), 3, 2), text(base(), 1), text(d, 1, 2), text({ ...d, client: 'e' }, 2, 2)],
      text(base(), 1, 2),
    );
    expect(await found()).toEqual([
      'RECORD PARTS 0 part 2 of 2 → part 1 before it',
      'RECORD PARTS 1 part 1 of 3 → part 2 behind it',
      'RECORD PARTS 2 part 3 of 3 → part 2 before it',
      'RECORD PARTS 3 part 1 of 2 → part 2 behind it',
      expect.stringMatching(/^RECORD ENTRY 5 .*its `part` is none of its `parts`/),
      expect.stringMatching(/^RECORD ENTRY 6 .*its `part` is none of its `parts`/),
      'RECORD PARTS 8 part 2, of another operation → parts of one operation agree',
      'RECORD PARTS 9 part 1 of 2 → part 2 behind it',
    ]);
  });

  it('holds what is no entry, and lacks others', async () => {
    await write(
      text(base()),
      'nonsense',
      text(base()).replace('"v":1', '"v":2'),
      text(base()),
      text(base()),
    );
    await stage.tamper('audit_entry', 'delete from audit_entry where index = 3');
    expect(await found()).toEqual([
      expect.stringMatching(/^RECORD ENTRY 1 this is no entry of the log: .*JSON/),
      'RECORD ENTRY 2 this is no entry of the log: its `v` is none that this version of Sayso knows → an entry',
      'RECORD MISSING 3 1 entry is not there → entries up to 3',
    ]);
  });

  it('may begin later, where it says that retention took what was before', async () => {
    const retention = (origin: string, place: number): string =>
      String(
        encodeEntry(
          {
            ...{
              kind: 'retention',
              id: uuidv7(),
              actor: 'sayso',
              before: new Date().toISOString(),
            },
            logs: [[origin, place]],
          },
          new Date(),
        )[0],
      );
    await write(...Array.from({ length: 4 }, () => text(base())));
    await stage.tamper('audit_entry', 'delete from audit_entry where index < 3');
    const gone = (from: number, count: number) => [
      `RECORD MISSING ${from} ${count} entr${count === 1 ? 'y is' : 'ies are'} not there → entries up to 2`,
    ];
    expect(await found()).toEqual(gone(0, 3));
    // Whoever owns the tables can say so; the log does not.
    await stage.tamper('audit_log', 'update audit_log set minimum_index = 3');
    expect(await found()).toEqual(gone(0, 3));
    await write(retention('other.test', 3));
    expect(await found()).toEqual(gone(0, 3));
    await write(retention('replay.test', 2));
    expect(await found()).toEqual(gone(2, 1));
    const part = await replay(stage.database.knex, { from: 1, to: 2 });
    expect(part.differences).toEqual([]);
    const open = await replay(stage.database.knex, { from: 2, to: 4 });
    expect(open.differences).toEqual([expect.objectContaining({ kind: 'MISSING', index: 2 })]);
    await write(retention('replay.test', 3));
    expect(await found()).toEqual([]);
    // Said, and not done: what it says alone excuses nothing either.
    await stage.tamper('audit_log', 'update audit_log set minimum_index = 1');
    expect(await found()).toEqual(gone(1, 2));
  });

  it('holds decisions on what their entry does not list', async () => {
    await write(text(base({ coordinates: [email], sets: ['1'], decisions: [['OPEN', [1], [0]]] })));
    await write(text(base({ coordinates: [email], sets: ['1'], decisions: [['OPEN', [0], [7]]] })));
    expect(await found()).toEqual([
      expect.stringMatching(/^RECORD ENTRY 0 .*its `decisions` are not about what it lists/),
      expect.stringMatching(/^RECORD ENTRY 1 .*its `decisions` are not about what it lists/),
    ]);
  });
});
