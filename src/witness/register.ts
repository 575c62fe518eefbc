import { hash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { createWhole, readIfThere, replaceWhole, syncFolder } from './durable-files.ts';

/** SHA-256 of an origin in hexadecimal digits: names its files, and its checkpoint to monitors. */
export const originHash = (origin: string): string => hash('sha256', origin);

const registerOf = (folder: string): string => join(folder, 'cosigned');
export const keyOf = (folder: string): string => join(folder, 'signing.key');
export const logsOf = (folder: string): string => join(folder, 'logs');

/**
 * What a witness remembers is not as it left it. Beginning anew would let a log take back what was
 * cosigned, so nothing goes on.
 */
export const stateInvalid = (where: string, what: string): ConfigError =>
  new ConfigError(
    [
      {
        where,
        what: `${what}, so this witness no longer knows what it cosigned`,
        mend: 'put the very file back, if it is the newest; otherwise begin another witness, with a folder, a key and a name of its own',
      },
    ],
    'WITNESS_STATE_INVALID',
  );

/** Makes the folder of a witness that has not cosigned anything, where there is none. */
export const beginFolder = (folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const register = registerOf(folder);
  if (existsSync(register)) return;
  // INVARIANT: the register is made before the key and the first state, and never goes.
  for (const later of [keyOf(folder), logsOf(folder)]) {
    if (existsSync(later)) throw stateInvalid(register, `it is gone, and \`${later}\` is there`);
  }
  createWhole(register, '');
  syncFolder(folder);
  syncFolder(dirname(folder));
};

/**
 * The logs that were ever cosigned, by the hashes of their origins.
 * @throws ConfigError WITNESS_STATE_INVALID
 */
export const readRegister = (folder: string): ReadonlyMap<string, string> => {
  const path = registerOf(folder);
  const text = readIfThere(path);
  if (text === undefined) throw stateInvalid(path, 'it is gone');
  const lines = text.split('\n');
  if (lines.pop() !== '') throw stateInvalid(path, 'it ends within a line');
  return new Map(
    lines.map((line, at) => {
      const [digest = '', origin = ''] = line.split(/ (.*)/s);
      if (digest === originHash(origin)) return [digest, origin];
      throw stateInvalid(path, `line ${at + 1} is not the hash of an origin and the origin`);
    }),
  );
};

/** Notes that a log has been cosigned; on disk when it returns. */
export const enterOrigin = (folder: string, origin: string): void => {
  const origins = new Map(readRegister(folder));
  if (origins.has(originHash(origin))) return;
  origins.set(originHash(origin), origin);
  replaceWhole(
    registerOf(folder),
    [...origins].map(([digest, name]) => `${digest} ${name}\n`).join(''),
  );
};
