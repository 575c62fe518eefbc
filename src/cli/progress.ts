import { Presets, SingleBar } from 'cli-progress';

const loadingRows = (total: number, what: string): string => `loading ${total} rows: ${what}, …`;

/**
 * A progress bar on standard error, one for each amount of work; a line for it where that is no
 * terminal.
 */
export const createProgress = (lineFor: (total: number, what: string) => string = loadingRows) => {
  let bar: SingleBar | undefined;
  let current = -1;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    show: (done: number, total: number, what: string): void => {
      if (total !== current) {
        stop();
        current = total;
        if (!process.stderr.isTTY) {
          process.stderr.write(`${lineFor(total, what)}\n`);
          return;
        }
        const format = '  {bar} {percentage}%  {what}';
        bar = new SingleBar(
          { format, clearOnComplete: true, hideCursor: true },
          Presets.shades_classic,
        );
        bar.start(total, done, { what });
      }
      bar?.update(done, { what });
    },
    stop,
  };
};
