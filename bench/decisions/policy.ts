import { fileURLToPath } from 'node:url';
import { governanceSdl, readSdlFolder } from '../../src/config/read-sdl-folder.ts';
import { compilePolicy, type Policy } from '../../src/policy/compile-policy.ts';

const folder = fileURLToPath(new URL('schema', import.meta.url));

/** The policy of the bench of decisions. */
export const decisionsPolicy = async (): Promise<Policy> =>
  compilePolicy(
    { governance: await readSdlFolder(governanceSdl), domain: await readSdlFolder(folder) },
    { sources: ['shop'], rules: [], resolvers: [] },
  );
