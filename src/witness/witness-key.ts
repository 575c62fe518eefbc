import { ConfigError } from '../core/errors.ts';
import {
  cosignatureVerifierOf,
  cosignerOf,
  createCosignerKey,
  type Cosigner,
} from '../tlog/cosignature.ts';
import { TlogError } from '../tlog/tlog-error.ts';
import { createWhole, readIfThere, syncFolder } from './durable-files.ts';
import { beginFolder, keyOf, readRegister, stateInvalid } from './register.ts';

/** The key of a witness. */
export interface WitnessKey {
  readonly cosigner: Cosigner;
  /** Verifier key (vkey): what a log is given, and all that may be given away. */
  readonly public: string;
}

const refuse = (where: string, what: string, mend: string): ConfigError =>
  new ConfigError([{ where, what, mend }]);

const parse = (path: string, text: string): WitnessKey => {
  const [secret = '', vkey = ''] = text.trim().split('\n');
  try {
    const cosigner = cosignerOf(secret);
    const verifier = cosignatureVerifierOf(vkey);
    if (verifier.name !== cosigner.name || verifier.keyId !== cosigner.keyId) {
      throw new Error('two keys');
    }
    return { cosigner, public: vkey };
  } catch {
    // The cause may quote the secret.
    throw refuse(path, 'this is no signing key of a witness', 'put the key back that was here');
  }
};

const make = (folder: string, name: string): void => {
  if (readRegister(folder).size > 0) {
    throw stateInvalid(keyOf(folder), 'the key is gone, and logs were cosigned by it');
  }
  let key;
  try {
    key = createCosignerKey(name);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    throw refuse('--name', error.message, 'give a name such as `witness.example.org/sayso`');
  }
  createWhole(keyOf(folder), `${key.secret}\n${key.public}\n`);
  syncFolder(folder);
};

/**
 * The key of the witness in a folder, made on first use.
 * @param name of the key; may be left out once there is one
 * @throws ConfigError when the key cannot be used, or has another name
 */
export const openWitnessKey = (folder: string, name?: string): WitnessKey => {
  beginFolder(folder);
  const path = keyOf(folder);
  if (readIfThere(path) === undefined) {
    if (name !== undefined) make(folder, name);
    else {
      const mend = 'give the key a name such as `witness.example.org/sayso`';
      throw refuse('--name', 'it is not given, and the folder has no key yet', mend);
    }
  }
  const key = parse(path, readIfThere(path) ?? '');
  if (name === undefined || key.cosigner.name === name) return key;
  throw refuse(
    '--name',
    `the key in this folder is \`${key.cosigner.name}\`, and a key never changes its name`,
    'leave the name what it was, or begin another witness in a fresh folder',
  );
};
