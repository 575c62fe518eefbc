import { Command } from 'commander';
import { ConfigError, SaysoError } from '../core/errors.ts';
import { openDemoIssuer } from '../identity/demo-issuer.ts';
import { readConfig } from './read-config.ts';

interface TokenOptions {
  readonly client: string;
  readonly scope: string;
  readonly subject?: string;
  readonly role?: readonly string[];
  readonly lifetime?: string;
  readonly signedInAgo: string;
}

/** `sayso token`: prints a token of the demo's own issuer and nothing else. */
export const tokenCommand = (): Command =>
  new Command('token')
    .description('print a token (demo mode only)')
    .requiredOption('--client <name>', 'the calling application')
    .requiredOption('--scope <scopes>', 'such as "purpose:RECOMMENDATIONS consent:write"')
    .option('--subject <id>', 'the person who acts for themself')
    .option('--role <name...>', 'roles for named rules, such as staff')
    .option('--lifetime <seconds>', 'how long it is valid')
    .option('--signed-in-ago <seconds>', 'how long ago the person signed in', '0')
    .action(async (options: TokenOptions) => {
      const config = readConfig();
      if (!config.demo) {
        throw new ConfigError([
          {
            where: 'sayso token',
            what: 'tokens come from the identity provider that the configuration names',
            mend: 'ask it for one; only a configuration with `demo: true` mints its own',
          },
        ]);
      }
      if (!(Number(options.signedInAgo) >= 0)) {
        const message = '`--signed-in-ago` is no number of seconds, 0 or more';
        throw new SaysoError(message, { code: 'TOKEN_REQUEST_INVALID', status: 400 });
      }
      const issuer = await openDemoIssuer(config.dataDir);
      const token = await issuer.mint({
        client: options.client,
        scope: options.scope,
        ...(options.subject !== undefined && {
          subject: options.subject,
          authTime: Math.floor(Date.now() / 1_000) - Number(options.signedInAgo),
        }),
        ...(options.role && { roles: options.role }),
        ...(options.lifetime !== undefined && { lifetimeSeconds: Number(options.lifetime) }),
      });
      process.stdout.write(`${token}\n`);
    });
