import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { beginLog } from '../../src/audit/log-state.ts';
import { replayCommand } from '../../src/cli/audit/replay-command.ts';
import { rightsSchema } from '../gateway/rights-shop.ts';
import { urlOf } from '../setup/gateway.ts';
import { LogStage, policyOf } from './log-stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'sayso-replay-'));
const email = 'Customer.email';
let stage: LogStage;
let number: string;
beforeAll(async () => {
  stage = await LogStage.open(policyOf(rightsSchema));
  vi.stubEnv('DATABASE_URL', urlOf(stage.database.connection));
  vi.stubEnv('SAYSO_DATA', join(folder, 'data'));
  number = String(await stage.number('a'));
  await stage.write([['NEVER_ASKED', [email], number]]);
});
afterEach(() => {
  process.exitCode = undefined;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (...args: readonly string[]) => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const program = new Command('sayso').exitOverride();
    program.addCommand(new Command('audit').addCommand(replayCommand()));
    const inherit = (command: Command): void =>
      command.commands.forEach((sub) => {
        inherit(sub.copyInheritedSettings(command));
      });
    inherit(program);
    await program.parseAsync(['node', 'sayso', 'audit', 'replay', ...args]);
    return { out: lines.join('\n'), code: process.exitCode ?? 0 };
  } finally {
    process.exitCode = undefined;
    log.mockRestore();
    silent.mockRestore();
  }
};

describe('sayso audit replay', () => {
  it('says that all follows', async () => {
    expect(await run()).toEqual({
      code: 0,
      out: [
        '1 entries with 1 decisions',
        '1 times a field of a person was derived anew; of these',
        '  0 rest on where the person lives, which no entry tells',
        '  0 were withheld by a rule about the caller, which cannot be derived',
        '  0 were released by a rule about the caller, of which the entry tells nothing',
        'no difference',
      ].join('\n'),
    });
  });

  it('prints what was released too much first, and fails', async () => {
    await stage.write([['REFUSED', [email], number]]);
    await stage.write([['CONSENTED', [email], number]]);
    await stage.write([['\u001b[2J', [email], number]]);
    const { out, code } = await run();
    expect(code).toBe(1);
    expect(out.split('\n').slice(0, 4)).toEqual([
      expect.stringMatching(
        /^OVER_RELEASE {2}replay\.test entry 2 \(.{36}\): Customer\.email, subject \d+$/,
      ),
      '    it says: CONSENTED',
      '    follows: NEVER_ASKED',
      expect.stringMatching(/^REASON {2}replay\.test entry 1/),
    ]);
    expect(out).toMatch(
      /OVER_RELEASE: 1 released, and had to be withheld\nREASON: 2 .*\n3 differences$/,
    );
    expect(out).not.toContain('\u001b');
  });

  it('replays a part', async () => {
    const first = await run('--from-index', '0', '--to-index', '1');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('1 entries') as string });
    expect((await run('--from-index', '1', '--to-index', '2')).out).toMatch(/^1 difference$/m);
    expect((await run('--log', 'replay.test', '--to-index', '1')).code).toBe(0);
    expect((await run('--from-index', '99')).out).toContain('0 entries');
  });

  it('prints lines of JSON', async () => {
    const { out, code } = await run('--json', '--from-index', '1');
    const lines = out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(1);
    expect(lines.map(({ severity }) => severity)).toEqual([
      'REASON',
      'OVER_RELEASE',
      'REASON',
      undefined,
    ]);
    expect(lines[1]).toMatchObject({
      kind: 'DECISION',
      index: 2,
      coordinate: email,
      subjects: number,
    });
    expect(lines[3]).toMatchObject({ summary: { entries: 3, differences: { OVER_RELEASE: 1 } } });
  });

  it('refuses what it cannot know', async () => {
    await expect(run('--log', 'other')).rejects.toThrow(/no log of this name[\s\S]*replay\.test/);
    await expect(run('--from-index', '-1')).rejects.toThrow(/no place in a log/);
    await expect(run('--from-index', '007')).rejects.toThrow(/no place in a log/);
    await expect(run('--to-index', '0')).rejects.toThrow(/not before --to-index/);
    await expect(run('--from-index', '2', '--to-index', '2')).rejects.toThrow(/not before/);
    await beginLog(stage.database.knex, 'second.test', 'key');
    await expect(run('--from-index', '1')).rejects.toThrow(/--log: replay\.test, second\.test/);
    expect((await run('--log', 'second.test', '--from-index', '1')).code).toBe(0);
  });

  it('says of a policy that cannot be had that its entries were not replayed', async () => {
    await stage.tamper('policy', 'delete from policy');
    const { out, code } = await run('--log', 'replay.test', '--to-index', '1');
    expect(code).toBe(1);
    expect(out).toMatch(
      /NOT REPLAYED: 1 entries of policy sha256:[0-9a-f]{64}: its text is not in the database/,
    );
  });
});
