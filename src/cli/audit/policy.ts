import { Command } from 'commander';
import { readPolicyText } from '../../audit/audit-reader.ts';
import { SaysoError } from '../../core/errors.ts';
import { writing } from './output.ts';
import { withAudit } from './with-audit.ts';

/** `sayso audit policy`: the policy that entries name, as it was. */
export const policyCommand = (): Command =>
  new Command('policy')
    .description('print the policy that entries name, as it was')
    .argument('<id>', '`sha256:…`, from an entry')
    .option('--json', 'with its id and the time of its first use')
    .allowExcessArguments(false)
    .action(async (id: string, { json }: { readonly json?: true }) =>
      withAudit(async ({ knex }) => {
        const policy = await readPolicyText(knex, id);
        if (!policy)
          throw new SaysoError('no policy of this id was ever used here', {
            code: 'POLICY_UNKNOWN',
            status: 404,
          });
        await writing(undefined, (output) =>
          output.write(json ? `${JSON.stringify(policy)}\n` : `${policy.text.trimEnd()}\n`),
        );
        // Beside the text, so that it can be hashed as it is printed.
        if (!json) console.error(`first used at ${policy.firstUsedAt.toISOString()}`);
      }),
    );
