import { quoted } from '../core/quoted.ts';
import type { ResponsePath } from '../core/response-path.ts';
import { comparePaths, pathOf } from '../core/response-path.ts';
import type { NeverReason, RowPlan } from '../policy/plan.ts';
import { gapsOf, pathIn, type PathShape } from './path-shape.ts';

/** What a client is told; few and closed, and never why. */
export type ClientReason = NeverReason | 'NOT_CONSENTED';

/** One line of `extensions.sayso.withheld`. */
export interface WithheldNote {
  /** `Type.field` */
  readonly field: string;
  readonly reason: ClientReason;
  /** How many places of the answer. */
  readonly count: number;
  /** The first of them, `customers.nodes.0.email`. */
  readonly paths: readonly string[];
}

/** Most paths told for one field. */
export const maxPaths = 20;

/** Withheld cells of one field of an answer. */
export interface WithheldSite {
  readonly coordinate: string;
  readonly reason: ClientReason;
  /** As `lineHead` has it. */
  readonly head: Uint8Array;
  /** Of the paths to all of them. */
  readonly shape: PathShape;
  /** How many places of the answer. */
  count: number;
  /** Of how many the path is told: of all, or of the first `maxPaths` in the order of the answer. */
  told: number;
  /** What stands in the gaps of those paths, path after path. */
  readonly indices: number[];
}

/** The line of a field in JSON, up to how many places there are; whoever writes it often keeps it. */
export const lineHead = (coordinate: string, reason: ClientReason): Uint8Array =>
  Buffer.from(`{"field":${quoted(coordinate)},"reason":"${reason}","count":`);

/** A line as it is written: the paths, or what they are made of. */
export type WithheldLine =
  WithheldNote | (Omit<WithheldNote, 'paths'> & { readonly site: WithheldSite });

type Path = readonly (string | number)[];

interface Line {
  count: number;
  /** The smallest paths so far, in order: which come first must not depend on timing. */
  readonly paths: Path[];
  readonly sites: WithheldSite[];
}

/** Why a field is absent from rows of a plan. */
export const clientReason = (plan: RowPlan, field: string): ClientReason => {
  const decision = plan.decisions[plan.cellOf.get(field)?.decision ?? -1];
  return decision?.kind === 'never' ? decision.reason : 'NOT_CONSENTED';
};

/** Counts the withheld places of one answer. */
export class WithheldNotes {
  readonly #lines = new Map<string, Map<ClientReason, Line>>();
  /** Most answers have nothing else, and each of another field. */
  #sites: WithheldSite[] = [];

  note(coordinate: string, reason: ClientReason, path: ResponsePath): void {
    const line = this.#line(coordinate, reason);
    line.count += 1;
    const { paths } = line;
    const keys = pathOf(path);
    const last = paths.at(-1);
    if (paths.length >= maxPaths && last && comparePaths(keys, last) >= 0) return;
    let at = paths.length;
    while (at > 0 && comparePaths(keys, paths[at - 1] ?? []) < 0) at -= 1;
    paths.splice(at, 0, keys);
    if (paths.length > maxPaths) paths.pop();
  }

  /** Notes many places of one field at once, as `note` would each of them. It is kept, not copied. */
  noteSite(site: WithheldSite): void {
    if (site.count > 0) this.#sites.push(site);
  }

  /** Adds the sites to what else was noted of their fields. */
  #addSites(): void {
    for (const site of this.#sites) {
      const line = this.#line(site.coordinate, site.reason);
      line.count += site.count;
      line.sites.push(site);
    }
    this.#sites = [];
  }

  #line(coordinate: string, reason: ClientReason): Line {
    const byReason = this.#lines.get(coordinate) ?? new Map<ClientReason, Line>();
    this.#lines.set(coordinate, byReason);
    const line = byReason.get(reason) ?? { count: 0, paths: [], sites: [] };
    byReason.set(reason, line);
    return line;
  }

  /** The lines, by field and reason. */
  list(): readonly WithheldNote[] {
    return this.lines().map((line) => {
      if (!('site' in line)) return line;
      const { site, ...rest } = line;
      return { ...rest, paths: pathsOf(site).map(textOf) };
    });
  }

  /** The same, of which most need not be put into words to be written. */
  lines(): readonly WithheldLine[] {
    if (this.#lines.size === 0) {
      const apart = this.#sites.map(lineOf).sort(compareLines);
      if (areApart(apart)) return apart;
    }
    this.#addSites();
    const lines: WithheldLine[] = [];
    for (const [field, byReason] of this.#lines) {
      for (const [reason, { count, paths, sites }] of byReason) {
        const [site, other] = sites;
        if (site && !other && paths.length === 0) lines.push(lineOf(site));
        else lines.push({ field, reason, count, paths: firstOf(paths, sites).map(textOf) });
      }
    }
    return lines.sort(compareLines);
  }
}

const lineOf = (site: WithheldSite): WithheldLine => ({
  field: site.coordinate,
  reason: site.reason,
  count: site.count,
  site,
});

/** Whether lines in order are each of another field, or for another reason. */
const areApart = (lines: readonly WithheldLine[]): boolean =>
  lines.every(({ field, reason }, i) => {
    const before = lines[i - 1];
    return before?.field !== field || before.reason !== reason;
  });

const pathsOf = ({ shape, indices, told }: WithheldSite): readonly Path[] =>
  Array.from({ length: told }, (_, i) => pathIn(shape, indices, i * gapsOf(shape)));

/** The smallest of all, in order. */
const firstOf = (paths: readonly Path[], sites: readonly WithheldSite[]): readonly Path[] =>
  sites.length === 0
    ? paths
    : [...paths, ...sites.flatMap(pathsOf)].sort(comparePaths).slice(0, maxPaths);

/** `customers.nodes.0.email` */
const textOf = (path: Path): string => path.join('.');

/** By field, then by reason. */
const compareLines = (a: WithheldLine, b: WithheldLine): number => {
  if (a.field !== b.field) return a.field < b.field ? -1 : 1;
  if (a.reason === b.reason) return 0;
  return a.reason < b.reason ? -1 : 1;
};
