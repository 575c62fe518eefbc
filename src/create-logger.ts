import fs from 'node:fs';
import { pino, type Logger } from 'pino';
import type { Config } from './config/config.ts';

/**
 * Lines of JSON on standard error.
 *
 * @param worker stands in each line, where there are several
 */
export const createLogger = ({ logLevel }: Pick<Config, 'logLevel'>, worker?: number): Logger =>
  pino(
    { level: logLevel, base: worker === undefined ? null : { worker } },
    {
      // Standard error, so that standard output stays for people. On a disk that is full a line is
      // lost: what is answered, and whether at all, never hangs on that.
      write: (line: string) => {
        try {
          fs.writeSync(2, line);
        } catch {
          return;
        }
      },
    },
  );
