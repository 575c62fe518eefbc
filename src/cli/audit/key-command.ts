import { Command } from 'commander';
import { exportSecret, readOldKeys } from '../../audit/log-key.ts';
import { ownLogs, type OwnLog } from '../../audit/log-folders.ts';
import { openAuditLog } from '../../audit/open-audit-log.ts';
import { rotateKey } from '../../audit/rotate-key.ts';
import { toldError } from '../../audit/told-error.ts';
import { ConfigError } from '../../core/errors.ts';
import { visible, visibleLines } from '../visible.ts';
import { readConfig } from '../read-config.ts';
import { withAudit, type AuditTools } from './with-audit.ts';

interface KeyOptions {
  readonly log?: string;
}

const onlyOption = ['--log <origin>', 'only this one of the logs of the data folder'] as const;

/**
 * The logs of a data folder, one for each worker that there ever was.
 *
 * @throws ConfigError where no log was begun from it, or none of this name
 */
const requireLogs = (dataDir: string, { log: only }: KeyOptions): readonly OwnLog[] => {
  const all = ownLogs(dataDir);
  const logs = all.filter(({ key }) => only === undefined || key.origin === only);
  if (logs.length > 0) return logs;
  const what =
    all.length === 0
      ? 'no audit log was begun from it, so it has no key'
      : `it has no log \`${only ?? ''}\``;
  const mend = 'start Sayso once, or name the folder of the gateway with SAYSO_DATA';
  throw new ConfigError([{ where: 'the data folder', what, mend }]);
};

const shown = ({ worker, folder, key }: OwnLog) => ({
  worker,
  origin: key.origin,
  key: key.public,
  before: readOldKeys(folder).map((old) => old.public),
});

const showCommand = (): Command =>
  new Command('show')
    .description('print the name of the log and the keys that verify it')
    .option(...onlyOption)
    .option('--json', 'print it as JSON')
    .allowExcessArguments(false)
    .action((options: KeyOptions & { readonly json?: boolean }) => {
      const logs = requireLogs(readConfig().dataDir, options).map(shown);
      if (options.json) {
        const [only, ...others] = logs;
        const alone = only && { origin: only.origin, key: only.key, before: only.before };
        const said = others.length === 0 ? alone : { logs };
        console.log(visibleLines(JSON.stringify(said, null, 2)));
        return;
      }
      const lines = logs.map(({ worker, origin, key, before }) => [
        ...(logs.length > 1 ? [`worker  ${worker}`] : []),
        ...[`log     ${origin}`, `key     ${key}`],
        ...before.map((old) => `before  ${old}`),
      ]);
      console.log(lines.map((one) => one.map(visible).join('\n')).join('\n\n'));
    });

const exportCommand = (): Command =>
  new Command('export')
    .description('print the key that verifies the log, for auditors')
    .option(...onlyOption)
    .option('--private', 'print the secret that signs it instead, for safekeeping')
    .allowExcessArguments(false)
    .action((options: KeyOptions & { readonly private?: boolean }) => {
      const logs = requireLogs(readConfig().dataDir, options);
      if (!options.private) {
        for (const { key } of logs) console.log(visible(key.public));
        return;
      }
      console.error('this is the secret: whoever has it can sign a log that never was');
      for (const { folder } of logs) console.log(exportSecret(folder));
    });

const rotateCommand = (): Command =>
  new Command('rotate')
    .description('sign with a new key from here on; who holds the old one can follow')
    .option(...onlyOption)
    .option('--actor <name>', 'who asks', 'sayso audit key rotate')
    .allowExcessArguments(false)
    .action((options: KeyOptions & { readonly actor: string }) =>
      withAudit(async ({ config, knex }) => {
        for (const own of requireLogs(config.dataDir, options))
          await rotateOne(own, { config, knex }, options.actor);
      }),
    );

const rotateOne = async (
  { folder: dataDir }: OwnLog,
  { config, knex }: AuditTools,
  actor: string,
): Promise<void> => {
  const log = await openAuditLog({
    ...{ knex, dataDir, origin: config.audit.origin },
    onError: (error) => console.error(visible(`the log could not be signed: ${toldError(error)}`)),
  });
  try {
    const { index, before, now } = await rotateKey({
      ...{ knex, dataDir, actor, log: log.id, store: log.store },
    });
    const said = `entry ${index} of ${log.origin} says so\nbefore  ${before}\nnow     ${now}`;
    console.log(visibleLines(said));
  } finally {
    await log.close();
  }
};

/** `sayso audit key`: the keys that a log is signed by and verified with. */
export const keyCommand = (): Command =>
  new Command('key')
    .description('show, export or replace the key that the audit log is signed by')
    .addCommand(showCommand())
    .addCommand(exportCommand())
    .addCommand(rotateCommand());
