import type pg from 'pg';

/** What Sayso's decisions are compared with. */
export const libraries = ['casl', 'casbin', 'cedar'] as const;
export const deciders = ['sayso', ...libraries] as const;
export type DeciderKind = (typeof deciders)[number];

/** What a deciding process is told. */
export interface DecisionsJob {
  readonly connection: pg.ClientConfig;
}

/** What one process found. */
export interface DecisionFigures {
  /** Of all triples, in their order: 1 where it releases. */
  readonly outcomes: Uint8Array;
  /** Decisions per second of CPU. */
  readonly perSecond: number;
}

export type Said = { readonly figures: DecisionFigures } | { readonly failed: string };
export type DecisionRound = Readonly<Record<DeciderKind, DecisionFigures>>;
