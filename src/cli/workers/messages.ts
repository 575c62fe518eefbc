import type { WorkerStart } from '../../app.ts';

/** What the primary process tells a worker. */
export type Order =
  { readonly order: 'serve'; readonly start: WorkerStart } | { readonly order: 'stop' };

/** Why a worker cannot serve. Without a code it is a defect, and the message its stack. */
export interface Reason {
  readonly code?: string;
  readonly message: string;
}

/** What a worker says. */
export type Report =
  /** It listens for orders; told earlier it could miss them. */
  | { readonly said: 'loaded' }
  | { readonly said: 'serving'; readonly url: string }
  | { readonly said: 'failed'; readonly reason: Reason };
