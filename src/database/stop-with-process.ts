import { spawn } from 'node:child_process';

export interface Stoppable {
  /** Ask to stop, at once and without waiting: the process is ending. */
  now(): void;
  /** Ask to stop and wait for it, for a bounded time. */
  gently(): Promise<void>;
}

const running = new Set<Stoppable>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const atExit = (): void => {
  for (const server of running) server.now();
};

const onSignal = (signal: NodeJS.Signals): void => {
  // Whoever else listens has a shutdown of their own, in which they close us.
  if (process.listenerCount(signal) > 1) return;
  void Promise.allSettled([...running].map((server) => server.gently())).then(() => {
    unhook();
    process.kill(process.pid, signal);
  });
};

const unhook = (): void => {
  process.removeListener('exit', atExit);
  for (const signal of signals) process.removeListener(signal, onSignal);
};

/**
 * Sees to it that `server` stops when this process ends: by itself, by a signal that nobody else
 * listens to, or by an uncaught exception. Returns how to call that off.
 */
export function stopWithProcess(server: Stoppable): () => void {
  if (running.size === 0) {
    process.on('exit', atExit);
    for (const signal of signals) process.on(signal, onSignal);
  }
  running.add(server);
  return () => {
    if (running.delete(server) && running.size === 0) unhook();
  };
}

/**
 * Nothing of ours runs when this process is killed outright, so a shell that waits for the end of
 * our pipe to it asks the server `pid` to stop. Returns how to call that off.
 */
export function stopAfterKill(pid: number): () => void {
  const script = 'read -r _; kill -INT "$1"';
  const shell = spawn('/bin/sh', ['-c', script, 'sayso-postgres-watch', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: {},
  });
  // Without a shell the next start still finds and stops what was left running.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  return () => shell.kill('SIGKILL');
}
