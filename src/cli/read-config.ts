import { parseConfig } from '../config/parse-config.ts';
import type { Config } from '../config/config.ts';

/** The configuration of this process's environment and working directory. @throws ConfigError */
export const readConfig = (): Config => parseConfig(process.env, process.cwd());
