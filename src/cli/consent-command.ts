import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { consentKinds, type ConsentInput, type ConsentKind } from '../core/consent.ts';
import { LedgerError } from '../core/errors.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { createProgress } from './progress.ts';
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

const typeOf = (policy: Policy, given: string | undefined): string => {
  const type = given ?? policy.model.signInType;
  if (type === undefined) {
    throw new LedgerError('several types are persons: say which', 'CONSENT_INVALID');
  }
  return type;
};

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
          subject: { type: typeOf(policy, options.type), id: options.subject },
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

const line = z.strictObject({
  subject: z.string(),
  type: z.string().optional(),
  kind: z.enum(consentKinds),
  purpose: z.string(),
  categories: z.array(z.string()).min(1).optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  validUntil: z.iso.datetime({ offset: true }).optional(),
  method: z.string().optional(),
  actor: z.string().optional(),
});

interface ImportedEvent {
  readonly line: number;
  readonly event: ConsentInput;
}

/** One event per line as JSON. @throws LedgerError CONSENT_INVALID naming file, line and item */
const parseLines = (text: string, file: string, policy: Policy): readonly ImportedEvent[] =>
  text.split('\n').flatMap((raw, i) => {
    if (raw.trim() === '') return [];
    const refuse = (what: string): never => {
      throw new LedgerError(`${file}:${i + 1}: ${what}`, 'CONSENT_INVALID');
    };
    let json: unknown;
    try {
      json = JSON.parse(raw);
    } catch {
      return refuse('not JSON');
    }
    const parsed = line.safeParse(json);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return refuse(`\`${issue?.path.join('.') ?? ''}\` is wrong: ${issue?.code ?? ''}`);
    }
    const { subject, type, at, validUntil, method, ...rest } = parsed.data;
    const event = {
      ...rest,
      subject: { type: typeOf(policy, type), id: subject },
      at: at === undefined ? undefined : new Date(at),
      validUntil: validUntil === undefined ? undefined : new Date(validUntil),
      method: method ?? 'import',
    };
    return [{ line: i + 1, event }];
  });

/** The ledger counts events; whoever mends the file counts lines. */
const atLine = (error: unknown, file: string, lines: readonly ImportedEvent[]): unknown => {
  if (!(error instanceof LedgerError) || error.code !== 'CONSENT_INVALID') return error;
  const index = error.details['index'];
  const line = typeof index === 'number' ? lines[index]?.line : undefined;
  if (line === undefined) return error;
  const what = error.message.replace(/^event \d+: /, '');
  return new LedgerError(`${file}:${line}: ${what}`, 'CONSENT_INVALID', { cause: error });
};

const importCommand = (): Command =>
  new Command('import')
    .description('append events from a file of JSON lines, all or none')
    .argument('<file>', '{"subject":"42","kind":"given","purpose":"RECOMMENDATIONS"} a line')
    .option('--name <name>', 'import under this name once only')
    .action(async (file: string, { name }: { readonly name?: string }) => {
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new LedgerError(`${file} cannot be read`, 'CONSENT_INVALID', { cause });
      });
      await withLedger(async ({ policy, consents }) => {
        const lines = parseLines(text, file, policy);
        const events = lines.map(({ event }) => event);
        if (events.length === 0)
          throw new LedgerError(`${file}: no event in it`, 'CONSENT_INVALID');
        const progress = createProgress();
        const appended = await consents
          .append(events, {
            ...(name !== undefined && { name }),
            onProgress: (done) => progress.show(done, events.length, 'events'),
          })
          .catch((error: unknown) => {
            progress.stop();
            throw atLine(error, file, lines);
          });
        progress.stop();
        console.log(
          appended === undefined
            ? `nothing to do: an import named \`${name ?? ''}\` happened before`
            : `${events.length} events; the ledger's head is ${appended.head}`,
        );
      });
    });

/** `sayso consent`: say-so from the command line, for import and for agents. */
export const consentCommand = (): Command =>
  new Command('consent')
    .description('record say-so, one event or a file of them')
    .addCommand(say('given', 'give', 'record a yes'))
    .addCommand(say('refused', 'refuse', 'record a no'))
    .addCommand(say('withdrawn', 'withdraw', 'take a yes back'))
    .addCommand(say('objected', 'object', 'record an objection'))
    .addCommand(importCommand());
