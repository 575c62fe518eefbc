import { origins as allOrigins, type Origin } from '../core/consent.ts';
import { didYouMean, nearest } from '../core/did-you-mean.ts';
import type { NoticePurpose } from '../core/notice.ts';
import { basesOf } from '../ledger/resolve-yes.ts';
import type { Policy } from '../policy/compile-policy.ts';
import { scopeOfOrigin, type PurposeNode } from '../policy/model.ts';
import type { Report, WrittenName, WrittenPurpose } from './notice-file-shape.ts';

const quoted = (names: readonly string[]): string => names.map((one) => `\`${one}\``).join(', ');

/** Without all that there is, where one is near: a policy has many. */
const meant = (name: string, known: readonly string[]): string => {
  const near = nearest(name.slice(0, 64), known);
  return near === undefined ? didYouMean('', known) : `did you mean \`${near}\`?`;
};

const isOrigin = (name: string): name is Origin => allOrigins.some((one) => one === name);

/** What a yes speaks of when it names no origin. */
const volunteered: readonly Origin[] = ['FIRST_PARTY', 'ZERO_PARTY'];

const instead = ({ replacedBy }: { readonly replacedBy?: string }): string =>
  replacedBy === undefined ? 'leave it out' : `list \`${replacedBy}\` instead`;

/** Checks the purposes of a notice against the policy of today and adds what that says of them. */
class NoticeChecker {
  readonly #policy: Policy;
  readonly #report: Report;

  constructor(policy: Policy, report: Report) {
    this.#policy = policy;
    this.#report = report;
  }

  /** What the notice says of one purpose; nothing where it is none that people can be told of. */
  purpose(written: WrittenPurpose): NoticePurpose | undefined {
    const { purposes, purposeTree } = this.#policy.model;
    const { name, path } = written;
    const node = purposes.get(name);
    if (node === undefined) {
      this.#report(path, 'is no purpose', meant(name, purposeTree.names), 'key');
      return undefined;
    }
    if (!purposeTree.leaves.includes(name)) {
      const below = quoted(purposeTree.leavesOf(name));
      this.#report(path, 'has other purposes under it', `list those meant of ${below}`, 'key');
      return undefined;
    }
    if (node.deprecated !== undefined)
      this.#report(path, 'is deprecated, so no new yes is taken', instead(node), 'key');
    const origins = this.#origins(written, node);
    const scopes = new Set((origins ?? allOrigins).map(scopeOfOrigin));
    const categories = this.#categories(written, scopes);
    return {
      purpose: name,
      categories,
      origins: origins ?? [],
      recipients: this.#recipients(written, node),
      // Only of what is told of: data that nobody volunteered rest on consent where others need none.
      bases: basesOf(
        this.#policy.pairs.filter(
          (pair) =>
            pair.purpose === name && categories.includes(pair.category) && scopes.has(pair.scope),
        ),
      ),
      retention: this.#retention(written, node),
    };
  }

  /** Sorted; `undefined` when they could not be read, and categories cannot be held against them. */
  #origins(
    { name, path, origins }: WrittenPurpose,
    node: PurposeNode,
  ): readonly Origin[] | undefined {
    const accepted = node.origins ?? allOrigins;
    if (origins === undefined) {
      const usual = volunteered.filter((one) => accepted.includes(one));
      if (usual.length > 0) return usual;
      const mend = `name them: \`origins: [${accepted.join(', ')}]\``;
      this.#report(path, 'accepts only data that nobody volunteered', mend, 'key');
      return undefined;
    }
    const sound = origins.flatMap((origin) => this.#origin(origin, name, accepted) ?? []);
    return sound.length === 0 || sound.length < origins.length ? undefined : sound.sort();
  }

  #origin(
    { name, path }: WrittenName,
    purpose: string,
    accepted: readonly Origin[],
  ): Origin | undefined {
    const fault = ((): readonly [string, string] | undefined => {
      if (!isOrigin(name)) return ['is no origin', meant(name, allOrigins)];
      if (!accepted.includes(name))
        return [`is an origin that \`${purpose}\` does not accept`, `use ${quoted(accepted)}`];
      const scope = scopeOfOrigin(name);
      const used = this.#policy.pairs.some(
        (pair) => pair.purpose === purpose && pair.scope === scope,
      );
      return used
        ? undefined
        : [`is an origin of which \`${purpose}\` uses no data`, 'leave it out'];
    })();
    if (fault) this.#report(path, ...fault);
    return fault ? undefined : allOrigins.find((one) => one === name);
  }

  #categories({ name, categories }: WrittenPurpose, scopes: ReadonlySet<string>) {
    return categories
      .filter((category) => this.#category(category, name, scopes))
      .map((category) => category.name)
      .sort();
  }

  #category({ name, path }: WrittenName, purpose: string, scopes: ReadonlySet<string>): boolean {
    const { categories, categoryTree } = this.#policy.model;
    const fault = ((): readonly [string, string] | undefined => {
      const node = categories.get(name);
      if (node === undefined) return ['is no category', meant(name, categoryTree.names)];
      if (!categoryTree.leaves.includes(name)) {
        const all = categoryTree.leavesOf(name);
        const used = all.filter((leaf) => this.#policy.scopesOf(purpose, leaf).length > 0);
        const meant = quoted(used.length > 0 ? used : all);
        return ['has other categories under it', `list those meant of ${meant}`];
      }
      if (node.deprecated !== undefined)
        return ['is deprecated, so no new yes is taken', instead(node)];
      const pairs = this.#policy.scopesOf(purpose, name);
      if (pairs.length === 0)
        return [
          `is not used for \`${purpose}\``,
          `leave it out, or let \`${purpose}\` cover it in the SDL`,
        ];
      if (pairs.some(({ scope }) => scopes.has(scope))) return undefined;
      const elsewhere = pairs.map(({ scope }) => scope).find((scope) => !scope.includes('.'));
      return elsewhere === undefined
        ? ['is what people declare themselves, and share as they do so', 'leave it out']
        : [
            `is data of origin \`${elsewhere}\`, which the notice does not name`,
            `add \`${elsewhere}\` to \`origins\`, or leave the category out`,
          ];
    })();
    if (fault) this.#report(path, ...fault);
    return !fault;
  }

  /** Who gets the data is the policy's to say: a notice that tells otherwise tells a lie. */
  #recipients({ name, path, recipients }: WrittenPurpose, node: PurposeNode): readonly string[] {
    const stated = recipients?.map((one) => one.name).sort();
    if (stated && JSON.stringify(stated) !== JSON.stringify(node.recipients))
      this.#report(
        [...path, 'recipients'],
        `are not those that the SDL names for \`${name}\``,
        node.recipients.length === 0
          ? `leave it out, or name them in the SDL: @purpose(recipients: […])`
          : `leave it out to mean ${quoted(node.recipients)}, or change the SDL`,
      );
    return node.recipients;
  }

  #retention({ name, path, retention }: WrittenPurpose, node: PurposeNode): string | null {
    if (retention !== undefined && retention !== node.retention)
      this.#report(
        [...path, 'retention'],
        `is not what the SDL says for \`${name}\``,
        node.retention === undefined
          ? 'leave it out, or say it in the SDL: @purpose(retention: "…")'
          : `leave it out to mean \`${node.retention}\`, or change the SDL`,
      );
    return node.retention ?? null;
  }
}

/** What a notice says of each purpose, by the policy of today; sorted, and without what is wrong. */
export const checkPurposes = (
  written: readonly WrittenPurpose[],
  policy: Policy,
  report: Report,
): readonly NoticePurpose[] => {
  const checker = new NoticeChecker(policy, report);
  return written
    .flatMap((one) => checker.purpose(one) ?? [])
    .sort((a, b) => (a.purpose < b.purpose ? -1 : 1));
};
