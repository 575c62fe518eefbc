import { parseDocument } from 'yaml';
import { z } from 'zod';
import { ImportError } from '../core/errors.ts';

/** How a TC string's bits speak of one purpose of the SDL. */
export interface TcfPurpose {
  readonly purpose: string;
  /** All that it covers when absent. */
  readonly categories?: readonly string[];
  /** Purposes of the framework that it needs, all of them. */
  readonly needs: readonly number[];
  /** Special features that it needs, all of them. */
  readonly features: readonly number[];
  /** In the framework it rests on legitimate interest: the string then tells an objection. */
  readonly legitimateInterest: boolean;
}

/** Whose say-so a TC string holds for us, and of what. */
export interface TcfMap {
  readonly vendor: number;
  readonly purposes: readonly TcfPurpose[];
}

const names = z.union([z.string().transform((name) => [name]), z.array(z.string()).min(1)]);
const idUpTo = (most: number) =>
  z
    .string()
    .regex(/^[1-9]\d?$/)
    .refine((id) => Number(id) <= most, `is none of 1 to ${most}`);

const file = z.strictObject({
  vendor: z.int().min(1).max(65_535),
  purposes: z.record(idUpTo(11), names),
  specialFeatures: z.record(idUpTo(2), names).default({}),
  categories: z.record(z.string(), z.array(z.string()).min(1)).default({}),
  legitimateInterest: z.array(z.string()).default([]),
});

const idsOf = (table: Readonly<Record<string, readonly string[]>>, purpose: string) =>
  Object.entries(table)
    .filter(([, purposes]) => purposes.includes(purpose))
    .map(([id]) => Number(id));

/**
 * Reads the map from purposes of the Transparency and Consent Framework to those of the SDL.
 *
 * @throws ImportError naming what is wrong
 */
export const parseTcfMap = (text: string): TcfMap => {
  const fail = (what: string): never => {
    throw new ImportError(`the map of TCF purposes: ${what}`);
  };
  const document = parseDocument(text, { maxAliasCount: 0 } as object);
  const [problem] = document.errors;
  if (problem) fail(`is no YAML: ${problem.message.split('\n')[0] ?? ''}`);
  const parsed = file.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`\`${issue?.path.join('.') ?? ''}\` is wrong: ${issue?.message ?? ''}`);
  }
  const { vendor, purposes, specialFeatures, categories, legitimateInterest } = parsed.data;
  const mapped = [...new Set(Object.values(purposes).flat())];
  if (mapped.length === 0) fail('`purposes` is empty');
  const stray = [
    ...Object.values(specialFeatures).flat(),
    ...Object.keys(categories),
    ...legitimateInterest,
  ].find((purpose) => !mapped.includes(purpose));
  if (stray !== undefined) fail(`\`${stray}\` is not among \`purposes\``);
  return {
    vendor,
    purposes: mapped.map((purpose) => {
      const features = idsOf(specialFeatures, purpose);
      const rests = legitimateInterest.includes(purpose);
      if (rests && features.length > 0)
        fail(
          `\`${purpose}\` needs a special feature, which needs a yes, not \`legitimateInterest\``,
        );
      const own = Object.hasOwn(categories, purpose) ? categories[purpose] : undefined;
      return {
        purpose,
        ...(own && { categories: own }),
        needs: idsOf(purposes, purpose),
        features,
        legitimateInterest: rests,
      };
    }),
  };
};
