import { Command } from 'commander';
import { countsCommand } from './audit/counts.ts';
import { entriesCommand } from './audit/entries.ts';
import { exportCommand } from './audit/export.ts';
import { keyCommand } from './audit/key-command.ts';
import { proveCommand } from './audit/prove-command.ts';
import { tilesCommand } from './audit/tiles-command.ts';
import { verifyCommand } from './audit/verify-command.ts';
import { policyCommand } from './audit/policy.ts';
import { replayCommand } from './audit/replay-command.ts';
import { watchCommand } from './audit/watch.ts';

/** `sayso audit`: who saw what of whom, when, and for what. */
export const auditCommand = (): Command =>
  new Command('audit')
    .description('read the audit log: who saw what of whom, when, and for what')
    .addCommand(entriesCommand())
    .addCommand(countsCommand())
    .addCommand(policyCommand())
    .addCommand(exportCommand())
    .addCommand(watchCommand())
    .addCommand(replayCommand())
    .addCommand(verifyCommand())
    .addCommand(proveCommand())
    .addCommand(tilesCommand())
    .addCommand(keyCommand());
