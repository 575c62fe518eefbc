import { Presets, SingleBar } from 'cli-progress';

/** A progress bar on standard error; plain lines where that is no terminal. */
export const createProgress = () => {
  let bar: SingleBar | undefined;
  let current = '';
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    show: (done: number, total: number, what: string): void => {
      if (what !== current) {
        stop();
        current = what;
        if (!process.stderr.isTTY) {
          process.stderr.write(`loading ${what}\n`);
          return;
        }
        bar = new SingleBar(
          { format: '  {bar} {percentage}%  {what}', clearOnComplete: true, hideCursor: true },
          Presets.shades_classic,
        );
        bar.start(total, done, { what });
      }
      bar?.update(done, { what });
      bar?.setTotal(total);
    },
    stop,
  };
};
