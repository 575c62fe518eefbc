import { Command } from 'commander';
import { eraseSubject, incomplete } from '../decision/erase-subject.ts';
import { createLogErasures } from '../ledger/log-erasures.ts';
import { subjectTypeOf } from './subject-type.ts';
import { withLedger } from './with-ledger.ts';

interface EraseOptions {
  readonly subject: string;
  readonly type?: string;
  readonly actor: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `sayso erase`: erases a person, or says what erasing them would do. */
export const eraseCommand = (): Command =>
  new Command('erase')
    .description(
      'erase a person: their rows as the SDL says, what they declared, and the link to them',
    )
    .requiredOption('--subject <id>', 'whom')
    .option('--type <name>', 'the person’s type, where there are several')
    .option('--actor <name>', 'who asks', 'sayso erase')
    .option('--dry-run', 'only count what would be erased and kept')
    .option('--yes', 'do it; it cannot be undone')
    .option('--json', 'print the report as JSON')
    .action(async (options: EraseOptions, command: Command) => {
      if (!options.dryRun && !options.yes) {
        command.error(
          'error: erasing cannot be undone: look with --dry-run first, then say --yes',
          { exitCode: 2 },
        );
      }
      const erasure = await withLedger(async ({ policy, knex, subjects, sources, auditLog }) =>
        eraseSubject(
          { type: subjectTypeOf(policy, options.type), id: options.subject },
          {
            ...{ policy, knex, subjects, sources },
            logErasures: createLogErasures(knex, (await auditLog()).store),
            actor: options.actor,
            dryRun: options.dryRun === true,
          },
        ),
      );
      if (options.json) console.log(JSON.stringify(erasure, null, 2));
      else {
        for (const { source, type, outcome, rows, because } of erasure.sources) {
          console.log(
            `${source}  ${type}  ${outcome}  ${rows} row(s)${because === null ? '' : `  ${because}`}`,
          );
        }
        if (options.dryRun) console.log('nothing was changed');
        else if (erasure.head !== null) console.log(`erased; the ledger's head is ${erasure.head}`);
      }
      if (!options.dryRun && !erasure.complete) throw incomplete(erasure);
    });
