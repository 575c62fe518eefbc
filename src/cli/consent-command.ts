import { Command } from 'commander';
import type { ConsentInput, ConsentKind } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import { importCommand } from './import-command.ts';
import { subjectTypeOf } from './subject-type.ts';
import { withLedger } from './with-ledger.ts';

interface SayOptions {
  readonly subject: string;
  readonly type?: string;
  readonly purpose: string;
  readonly category?: readonly string[];
  readonly until?: string;
  readonly actor: string;
  readonly notice?: string;
  readonly language?: string;
}

const timeOf = (text: string): Date => {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new LedgerError(
    '`--until` is no time; write it as 2027-01-31T12:00:00Z',
    'CONSENT_INVALID',
  );
};

/** `club`, or `club@2` where the version that was shown must still be the current one. */
const noticeOf = ({ notice, language }: SayOptions): ConsentInput['notice'] => {
  const [id = '', version] = notice?.split('@') ?? [];
  if (notice === undefined) return undefined;
  if (version !== undefined && !/^[1-9][0-9]{0,8}$/.test(version))
    throw new LedgerError('`--notice` names no version; write it as club@2', 'CONSENT_INVALID');
  return { id, language, version: version === undefined ? undefined : Number(version) };
};

const say = (kind: ConsentKind, name: string, description: string): Command => {
  const command = new Command(name)
    .description(description)
    .requiredOption('--subject <id>', 'whose say-so')
    .option('--type <name>', 'the person’s type, where there are several')
    .requiredOption('--purpose <name>', 'what for')
    .option('--category <name...>', 'which data; all that the purpose covers when left out')
    .option('--notice <id>', 'the notice that was shown, such as club or club@2')
    .option('--language <tag>', 'the language it was shown in; its first when left out')
    .option('--actor <name>', 'who records it', 'sayso consent');
  if (kind === 'given')
    command.option('--until <time>', 'first instant at which it no longer counts');
  return command.action(async (options: SayOptions) => {
    const head = await withLedger(async ({ policy, consents }) => {
      const appended = await consents.append([
        {
          kind,
          subject: { type: subjectTypeOf(policy, options.type), id: options.subject },
          purpose: options.purpose,
          categories: options.category,
          validUntil: options.until === undefined ? undefined : timeOf(options.until),
          method: 'command',
          actor: options.actor,
          notice: noticeOf(options),
        },
      ]);
      return appended?.head;
    });
    console.log(`recorded; the ledger's head is ${head ?? '?'}`);
  });
};

/** `sayso consent`: say-so from the command line, for import and for agents. */
export const consentCommand = (): Command =>
  new Command('consent')
    .description('record say-so, one event or a file of them')
    .addCommand(say('given', 'give', 'record a yes'))
    .addCommand(say('refused', 'refuse', 'record a no'))
    .addCommand(say('withdrawn', 'withdraw', 'take a yes back'))
    .addCommand(say('objected', 'object', 'record an objection'))
    .addCommand(importCommand());
