import type { ControllerConfig } from '../config/config.ts';
import { asCode, asLink, escapeMarkdown, twoColumns } from './escape-markdown.ts';
import type { Processing, ProcessingCategory, Register } from './processing-of.ts';
import { basisForPersons, durationInWords, labelOf, originForPersons, titleOf } from './words.ts';

type Controller = ControllerConfig | undefined;

const who = (controller: Controller): string => {
  if (!controller) return 'Who is responsible is not stated.';
  const { name, address, contact, email, phone, url, policyUrl, dataProtectionOfficer } =
    controller;
  const rows: (readonly [string, string | undefined])[] = [
    ['Responsible', escapeMarkdown(`${name}, ${address}`)],
    ['Contact', escapeMarkdown(contact)],
    ['E-mail', email && escapeMarkdown(email)],
    ['Telephone', phone && escapeMarkdown(phone)],
    ['Web', url && asLink(url)],
    ['Privacy policy', policyUrl && asLink(policyUrl)],
    ['Data protection officer', dataProtectionOfficer && escapeMarkdown(dataProtectionOfficer)],
  ];
  const said = rows.flatMap(([label, text]) => (text ? [[label, text] as const] : []));
  return twoColumns(['Who we are', ''], said);
};

const why = ({ basis, places }: Processing): string =>
  [
    basisForPersons[basis],
    ...places.map(({ is, in: codes }) => `In ${codes.join(', ')}: ${basisForPersons[is]}`),
  ]
    .map((text) => `${escapeMarkdown(text)}.`)
    .join(' ');

/** What saying no takes, which hangs on why the purpose may in the first place. */
const no = (one: Processing, controller: Controller): string => {
  const bases = new Set([one.basis, ...one.places.map(({ is }) => is)]);
  const ways: string[] = [];
  if (bases.has('CONSENT'))
    ways.push('Say nothing or say no; you can take a yes back at any time.');
  if (bases.has('LEGITIMATE_INTEREST')) ways.push('Object at any time.');
  if (bases.has('OPT_OUT')) ways.push('Where we may without asking, say no at any time.');
  if (bases.has('CONTRACT') && !one.directMarketing)
    ways.push('We cannot do what you ordered without it.');
  if (bases.has('LEGAL_OBLIGATION') && !one.directMarketing)
    ways.push('We cannot leave it out while the law demands it.');
  if (one.directMarketing) ways.push('This is marketing: object at any time, and it ends.');
  if (one.sale)
    ways.push('A browser that sends the Global Privacy Control signal says no for you.');
  if (one.categories.some(({ fields }) => fields.some(({ namedYes }) => namedYes)))
    ways.push('What needs a yes of its own stays out until you say it.');
  const canSayNo = ways.some((way) => !way.startsWith('We cannot'));
  if (canSayNo && controller?.withdrawal !== undefined) ways.push(`How: ${controller.withdrawal}`);
  return ways.map(escapeMarkdown).join(' ');
};

/** Origins of a category's fields, once each. */
const from = ({ fields }: ProcessingCategory): string =>
  [...new Set(fields.map(({ origin }) => originForPersons[origin]))].join('; ');

const category = (one: ProcessingCategory): string => {
  const cells = [
    escapeMarkdown(labelOf(one)),
    one.fields.map(({ coordinate }) => asCode(coordinate)).join(', ') || 'none today',
    from(one) + (one.fields.some(({ namedYes }) => namedYes) ? '; needs a yes of its own' : ''),
  ];
  return `| ${cells.join(' | ')} |`;
};

const data = ({ categories }: Processing): string =>
  categories.length === 0
    ? 'It uses no personal data.'
    : ['| Data | Fields | Where from |', '| --- | --- | --- |', ...categories.map(category)].join(
        '\n',
      );

const section = (one: Processing, controller: Controller): string => {
  const { gain, recipients, retention, deprecated, since, sale } = one;
  const named = escapeMarkdown(recipients.join(', '));
  const rows: (readonly [string, string | undefined])[] = [
    ['What you gain', gain === null ? 'not stated' : escapeMarkdown(gain)],
    ['Why we may', why(one)],
    [
      'Who else gets it',
      [
        named || 'not stated',
        ...(sale ? ['We are paid for it, or get something for it'] : []),
      ].join('. '),
    ],
    ['How long', retention === null ? 'not stated' : durationInWords(retention)],
    ['How to say no', no(one, controller)],
    ['Since', since === null ? undefined : escapeMarkdown(since)],
    ['No longer asked for', deprecated === null ? undefined : escapeMarkdown(deprecated)],
  ];
  const said = rows.flatMap(([label, text]) =>
    text === undefined ? [] : [[label, text] as const],
  );
  return [
    `## ${escapeMarkdown(titleOf(one))}`,
    twoColumns(['', asCode(one.purpose)], said),
    data(one),
  ].join('\n\n');
};

const unused = ({ unused: categories }: Register): readonly string[] =>
  categories.length === 0
    ? []
    : [
        '## Held, and used for nothing',
        categories.map((one) => `- ${escapeMarkdown(labelOf(one))}`).join('\n'),
      ];

/** The register as a privacy page: in plain words, for the persons whose data they are. */
export const writeMarkdown = (register: Register, controller?: ControllerConfig): string =>
  `${[
    '# What we use your data for',
    who(controller),
    ...register.processing.map((one) => section(one, controller)),
    ...unused(register),
    `Made from the schema ${asCode(register.policy)}.`,
  ].join('\n\n')}\n`;
