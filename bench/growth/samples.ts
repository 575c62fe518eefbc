import type { Size } from '../shop.ts';

/** Customers asked for. */
export const asked = [1, 100] as const satisfies readonly Size[];
export type Asked = (typeof asked)[number];

/** As many subjects as all others are compared with. */
export const fewest = 1_000;

/** One gateway over one size, in one round. */
export interface GrowthSample {
  readonly round: number;
  readonly subjects: number;
  readonly asked: Asked;
  /** Microseconds of CPU per request, by eight callers. */
  readonly node: number;
  /** With the database's. */
  readonly total: number | undefined;
  /** Milliseconds in which half of the requests of a single caller were answered. */
  readonly p50: number;
}

/** How a size was filled: seconds, and bytes of both its databases. */
export interface Filled {
  readonly seconds: number;
  readonly bytes: number;
}
