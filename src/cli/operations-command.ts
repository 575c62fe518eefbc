import { Command, InvalidArgumentError } from 'commander';
import { OperationsError, SaysoError } from '../core/errors.ts';
import { limitRules } from '../gateway/limit-rules.ts';
import { isName } from '../identity/read-caller.ts';
import { readOperations, removeOperations } from '../operations/operation-store.ts';
import { pushOperations } from '../operations/push-operations.ts';
import { readOperationFiles } from '../operations/read-operation-files.ts';
import { isSha256 } from '../operations/registered-operation.ts';
import { listedJson, listedOperations, pushed, pushedJson } from './print-operations.ts';
import { visible } from './visible.ts';
import { withOperations } from './with-operations.ts';

const name = (text: string): string => {
  if (isName(text)) return text;
  throw new InvalidArgumentError(
    'It is no name: 1 to 256 characters, none that acts on a terminal.',
  );
};

const hash = (text: string, before: readonly string[] = []): readonly string[] => {
  const digits = text.replace(/^sha256:/, '');
  if (isSha256(digits)) return [...before, digits];
  throw new InvalidArgumentError('It is no SHA-256: 64 lower-case hexadecimal digits.');
};

const print = (json: unknown): void => console.log(JSON.stringify(json, null, 2));

interface PushOptions {
  readonly client: string;
  readonly purpose?: string;
  readonly dryRun?: true;
  readonly actor: string;
  readonly json?: true;
}

const push = async (paths: readonly string[], options: PushOptions): Promise<void> =>
  withOperations(
    async ({ config, policy, knex }) => {
      const { client, purpose, actor, dryRun = false, json } = options;
      const { limits, introspection } = config;
      const rules = {
        policy,
        limits: limitRules(limits),
        maxTokens: limits.maxTokens,
        introspection,
        purpose,
      };
      const read = readOperationFiles(paths, process.cwd());
      try {
        const operations = await pushOperations(knex, { client, by: actor }, read, rules, {
          dryRun,
        });
        if (json) print(pushedJson(client, operations, dryRun));
        else console.log(pushed(client, operations, dryRun));
      } catch (error) {
        if (json && error instanceof OperationsError) print({ problems: error.problems });
        throw error;
      }
    },
    { dryRun: options.dryRun === true },
  );

const pushCommand = (): Command =>
  new Command('push')
    .description('register a client’s documents, all of them or none')
    .argument('<path...>', 'documents (.graphql, .gql), folders of them, manifests (.json)')
    .requiredOption('--client <id>', 'whose they are, as its tokens name it', name)
    .option('--purpose <name>', 'for those that have no `@for(purpose:)`')
    .option('--dry-run', 'say what would follow, and write nothing')
    .option('--actor <name>', 'who registers them', name, 'sayso operations')
    .option('--json', 'for programs')
    .action(push);

const listCommand = (): Command =>
  new Command('list')
    .description('list the operations that are registered')
    .option('--client <id>', 'of this client only', name)
    .option('--removed', 'those that were removed, too')
    .option('--json', 'for programs, with the documents')
    .action(
      async (options: {
        readonly client?: string;
        readonly removed?: true;
        readonly json?: true;
      }) =>
        withOperations(async ({ knex }) => {
          const { client, removed = false } = options;
          const operations = knex ? await readOperations(knex, { client, removed }) : [];
          if (options.json) print(listedJson(operations));
          else
            console.log(
              operations.length === 0
                ? 'no operation is registered; use `sayso operations push`'
                : listedOperations(operations),
            );
        }),
    );

const unknown = (hashes: readonly string[]): SaysoError =>
  new SaysoError(
    `this client has no such operation, and nothing is removed: ${hashes.join(', ')}; see \`sayso operations list\``,
    { code: 'OPERATION_UNKNOWN', status: 404 },
  );

const removeCommand = (): Command =>
  new Command('remove')
    .description('end operations: the next request finds them no more')
    .argument('<sha256...>', 'hashes, as `list` shows them', hash)
    .requiredOption('--client <id>', 'whose they are', name)
    .option('--actor <name>', 'who removes them', name, 'sayso operations')
    .action(
      async (
        hashes: readonly string[],
        { client, actor }: { readonly client: string; readonly actor: string },
      ) =>
        withOperations(async ({ knex }) => {
          const distinct = [...new Set(hashes)];
          const lacking = knex
            ? await removeOperations(knex, { client, by: actor }, distinct)
            : distinct;
          if (lacking.length > 0) throw unknown(lacking);
          console.log(
            `${distinct.length} ${distinct.length === 1 ? 'is' : 'are'} removed for ${visible(client)}`,
          );
        }),
    );

/** `sayso operations`: documents that a client asks by their hash. */
export const operationsCommand = (): Command =>
  new Command('operations')
    .description('register the documents that a client asks by their hash')
    .addCommand(pushCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());
