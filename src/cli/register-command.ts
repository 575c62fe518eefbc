import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { ControllerConfig } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import { loadPolicy } from '../load-policy.ts';
import { registerOf, type Register } from '../register/processing-of.ts';
import { writeDpv } from '../register/write-dpv.ts';
import { writeMarkdown } from '../register/write-markdown.ts';
import { writeRecord } from '../register/write-record.ts';
import { readConfig } from './read-config.ts';

type Writer = (register: Register, controller?: ControllerConfig) => string;

const writers = {
  markdown: writeMarkdown,
  record: writeRecord,
  dpv: writeDpv,
} as const satisfies Readonly<Record<string, Writer>>;

interface RegisterOptions {
  readonly format: keyof typeof writers;
  readonly out?: string;
}

const save = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'; // node:fs throws nothing else
    throw new ConfigError([
      {
        where: 'sayso register --out',
        what: `names a file that cannot be written (${code})`,
        mend: 'name a file in a folder that is there and may be written to',
      },
    ]);
  }
};

/** `sayso register`: what is used for what and why, from the SDL alone. */
export const registerCommand = (): Command =>
  new Command('register')
    .description('print what personal data are used for and why, from the SDL alone')
    .addOption(
      new Option(
        '--format <format>',
        'a privacy page, a record under Art. 30 GDPR, or JSON-LD in DPV terms',
      )
        .choices(Object.keys(writers))
        .default('markdown'),
    )
    .option('--out <file>', 'write it there instead of printing it')
    .allowExcessArguments(false)
    .action(async ({ format, out }: RegisterOptions) => {
      const config = readConfig();
      const { policy } = await loadPolicy(config);
      const text = writers[format](registerOf(policy), config.controller);
      if (out === undefined) process.stdout.write(text);
      else await save(out, text);
    });
