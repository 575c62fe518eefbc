import { optionalName, type At, type DirectiveArgs } from './directive.ts';

/** How long a purpose or category has been used, and what took its place. */
export interface Lifecycle {
  /** `YYYY-MM-DD` */
  readonly since?: string;
  /** Why no new yes is taken. */
  readonly deprecated?: string;
  /** A no holds for it too; a yes does not. */
  readonly replacedBy?: string;
}

/** Whether a text is a day of the calendar, `YYYY-MM-DD`. */
const isDay = (text: string): boolean => {
  const date = new Date(`${text}T00:00:00Z`);
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(text)
  );
};

/** Reads `since`, `deprecated` and `replacedBy` of @purpose and @category. */
export const parseLifecycle = (args: DirectiveArgs, at: At): Lifecycle => {
  const since = optionalName(args, 'since', at);
  const deprecated = optionalName(args, 'deprecated', at);
  const replacedBy = optionalName(args, 'replacedBy', at);
  if (since !== undefined && !isDay(since)) {
    at.report({
      where: at.where,
      what: `\`since\` on \`${at.owner}\` is \`${since}\`, which is no day`,
      mend: 'write it as `2026-11-24`',
    });
  }
  if (replacedBy !== undefined && deprecated === undefined) {
    at.report({
      where: at.where,
      what: `\`${at.owner}\` names \`replacedBy\` and is not deprecated`,
      mend: 'say with `deprecated: "…"` why it is replaced, or take `replacedBy` away',
    });
  }
  return {
    ...(since !== undefined && { since }),
    ...(deprecated !== undefined && { deprecated }),
    ...(replacedBy !== undefined && { replacedBy }),
  };
};
