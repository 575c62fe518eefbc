import type { PushedOperation } from '../operations/push-operations.ts';
import type { RegisteredOperation } from '../operations/registered-operation.ts';
import { formatTable } from './format-table.ts';
import { visible } from './visible.ts';

const orNone = (text: string | undefined): string => text ?? '–';
const minute = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')}Z`;

/** `sayso operations push` for people. */
export const pushed = (
  client: string,
  operations: readonly PushedOperation[],
  dryRun: boolean,
): string => {
  const fresh = operations.filter((one) => one.fresh).length;
  const already = operations.length - fresh;
  const table = formatTable(
    ['OPERATION', 'PURPOSE', '', 'FROM', 'SHA-256'],
    operations.map((one) => [
      orNone(one.operation),
      orNone(one.purpose),
      one.fresh ? 'new' : 'already',
      visible(one.from),
      one.sha256,
    ]),
  );
  const verb = dryRun ? 'would be registered' : fresh === 1 ? 'is registered' : 'are registered';
  const rest = already === 0 ? '' : `, ${already} already ${already === 1 ? 'is' : 'are'}`;
  return `${table}\n${fresh} ${verb} for ${visible(client)}${rest}`;
};

/** The same for programs. */
export const pushedJson = (
  client: string,
  operations: readonly PushedOperation[],
  dryRun: boolean,
) => ({
  client,
  dryRun,
  operations: operations.map(({ sha256, operation, purpose, fresh, from }) => ({
    sha256,
    operation: operation ?? null,
    purpose: purpose ?? null,
    new: fresh,
    from,
  })),
});

/** `sayso operations list` for people. */
export const listedOperations = (operations: readonly RegisteredOperation[]): string => {
  const removed = operations.some((one) => one.removed);
  return formatTable(
    [
      'CLIENT',
      'OPERATION',
      'PURPOSE',
      'REGISTERED',
      'BY',
      ...(removed ? ['REMOVED'] : []),
      'SHA-256',
    ],
    operations.map((one) => [
      visible(one.client),
      orNone(one.operation),
      orNone(one.purpose),
      minute(one.registeredAt),
      visible(one.registeredBy),
      ...(removed
        ? [one.removed ? `${minute(one.removed.at)} by ${visible(one.removed.by)}` : '']
        : []),
      one.sha256,
    ]),
  );
};

/** The same for programs, with the documents. */
export const listedJson = (operations: readonly RegisteredOperation[]) =>
  operations.map((one) => ({
    client: one.client,
    sha256: one.sha256,
    operation: one.operation ?? null,
    purpose: one.purpose ?? null,
    policy: one.policy,
    registeredAt: one.registeredAt.toISOString(),
    registeredBy: one.registeredBy,
    removedAt: one.removed?.at.toISOString() ?? null,
    removedBy: one.removed?.by ?? null,
    document: one.document,
  }));
