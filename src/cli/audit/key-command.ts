import { Command } from 'commander';
import { exportSecret, readLogKey, readOldKeys, type LogKey } from '../../audit/log-key.ts';
import { openAuditLog } from '../../audit/open-audit-log.ts';
import { rotateKey } from '../../audit/rotate-key.ts';
import { toldError } from '../../audit/told-error.ts';
import { ConfigError } from '../../core/errors.ts';
import { visible, visibleLines } from '../visible.ts';
import { readConfig } from '../read-config.ts';
import { withAudit } from './with-audit.ts';

/** The key of a data folder. @throws ConfigError where no log was begun from it */
export const requireKey = (dataDir: string): LogKey => {
  const key = readLogKey(dataDir);
  if (key) return key;
  throw new ConfigError([
    {
      where: 'the data folder',
      what: 'no audit log was begun from it, so it has no key',
      mend: 'start Sayso once, or name the folder of the gateway with SAYSO_DATA',
    },
  ]);
};

const showCommand = (): Command =>
  new Command('show')
    .description('print the name of the log and the keys that verify it')
    .option('--json', 'print it as JSON')
    .allowExcessArguments(false)
    .action(({ json }: { readonly json?: boolean }) => {
      const { dataDir } = readConfig();
      const { origin, public: key } = requireKey(dataDir);
      const before = readOldKeys(dataDir).map((old) => old.public);
      if (json) console.log(visibleLines(JSON.stringify({ origin, key, before }, null, 2)));
      else
        console.log(
          [`log     ${origin}`, `key     ${key}`, ...before.map((old) => `before  ${old}`)]
            .map(visible)
            .join('\n'),
        );
    });

const exportCommand = (): Command =>
  new Command('export')
    .description('print the key that verifies the log, for auditors')
    .option('--private', 'print the secret that signs it instead, for safekeeping')
    .allowExcessArguments(false)
    .action((options: { readonly private?: boolean }) => {
      const { dataDir } = readConfig();
      const key = requireKey(dataDir);
      if (!options.private) {
        console.log(visible(key.public));
        return;
      }
      console.error('this is the secret: whoever has it can sign a log that never was');
      console.log(exportSecret(dataDir));
    });

const rotateCommand = (): Command =>
  new Command('rotate')
    .description('sign with a new key from here on; who holds the old one can follow')
    .option('--actor <name>', 'who asks', 'sayso audit key rotate')
    .allowExcessArguments(false)
    .action(({ actor }: { readonly actor: string }) =>
      withAudit(async ({ config, knex }) => {
        const { dataDir } = config;
        requireKey(dataDir);
        const log = await openAuditLog({
          ...{ knex, dataDir, origin: config.audit.origin },
          onError: (error) =>
            console.error(visible(`the log could not be signed: ${toldError(error)}`)),
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
      }),
    );

/** `sayso audit key`: the keys that a log is signed by and verified with. */
export const keyCommand = (): Command =>
  new Command('key')
    .description('show, export or replace the key that the audit log is signed by')
    .addCommand(showCommand())
    .addCommand(exportCommand())
    .addCommand(rotateCommand());
