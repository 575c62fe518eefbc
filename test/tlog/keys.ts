import {
  createCosignerKey,
  cosignatureVerifierOf,
  cosignerOf,
} from '../../src/tlog/cosignature.ts';
import { createKey, signerOf, verifierOf } from '../../src/tlog/note.ts';

/** A key of a log, read from its text. */
export const logKey = (name: string) => {
  const key = createKey(name);
  return { ...key, signer: signerOf(key.secret), verifier: verifierOf(key.public) };
};

/** A key of a witness, read from its text. */
export const witnessKey = (name: string) => {
  const key = createCosignerKey(name);
  return {
    ...key,
    cosigner: cosignerOf(key.secret),
    verifier: cosignatureVerifierOf(key.public),
  };
};
