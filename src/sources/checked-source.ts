import { SchemaError, SourceError, type Problem } from '../core/errors.ts';
import type { DomainType } from '../policy/model.ts';
import type { ReadPlan } from '../policy/plan.ts';
import type { EraseRequest, Find, RequestSignals, Row, Source } from './source.ts';
import type { SubjectKinds } from './subject-kinds.ts';

const retryMs = 1_000;

/**
 * A source that is read only after it was found to have what the SDL names. One that is down when
 * the gateway starts is checked when it comes back; until then its fields are unavailable.
 */
export class CheckedSource implements Source {
  readonly name: string;
  readonly maxRows: number;
  readonly fetchRaw?: NonNullable<Source['fetchRaw']>;
  readonly fetchAlong?: NonNullable<Source['fetchAlong']>;
  readonly #source: Source;
  readonly #types: readonly DomainType[];
  readonly #domain: readonly DomainType[];
  readonly #kinds: SubjectKinds;
  readonly #onProblems: (problems: readonly Problem[]) => void;
  #checked = false;
  #checking: Promise<void> | undefined;
  #nextTry = 0;

  constructor(
    source: Source,
    domain: readonly DomainType[],
    kinds: SubjectKinds,
    onProblems: (problems: readonly Problem[]) => void,
  ) {
    this.#kinds = kinds;
    this.name = source.name;
    this.maxRows = source.maxRows;
    this.#source = source;
    this.#types = domain.filter(({ table }) => table.source === source.name);
    this.#domain = domain;
    this.#onProblems = onProblems;
    const fetchRaw = source.fetchRaw?.bind(source);
    if (fetchRaw)
      this.fetchRaw = async (read, find, signals) => {
        if (!this.#checked) await this.#retry();
        return fetchRaw(read, find, signals);
      };
    const fetchAlong = source.fetchAlong?.bind(source);
    if (fetchAlong)
      this.fetchAlong = async (read, find, below, signals) => {
        if (!this.#checked) await this.#retry();
        return fetchAlong(read, find, below, signals);
      };
  }

  async fetch(read: ReadPlan, find: Find, signals?: RequestSignals): Promise<readonly Row[]> {
    if (!this.#checked) await this.#retry();
    return this.#source.fetch(read, find, signals);
  }

  async erase(requests: readonly EraseRequest[], id: string): Promise<readonly number[]> {
    if (!this.#checked) await this.#retry();
    return this.#source.erase(requests, id);
  }

  /** What the source lacks. @throws SourceError when it does not answer. */
  async check(): Promise<readonly Problem[]> {
    const own = await this.#source.check(this.#types, this.#domain);
    const problems = own.length > 0 ? own : this.#kinds.check(this.#types, this.#source);
    this.#checked = problems.length === 0;
    return problems;
  }

  subjectKind(type: DomainType): string | undefined {
    return this.#source.subjectKind(type);
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  async #retry(): Promise<void> {
    if (this.#checking === undefined) {
      if (Date.now() < this.#nextTry) throw this.#unavailable();
      this.#checking = this.#checkAgain().finally(() => {
        this.#nextTry = Date.now() + retryMs;
        this.#checking = undefined;
      });
    }
    return this.#checking;
  }

  async #checkAgain(): Promise<void> {
    const problems = await this.check();
    if (problems.length === 0) return;
    this.#onProblems(problems);
    throw this.#unavailable(new SchemaError(problems));
  }

  #unavailable(cause?: unknown): SourceError {
    const message = `source \`${this.name}\` cannot be read`;
    return new SourceError(message, 'SOURCE_UNAVAILABLE', this.name, cause);
  }
}
