import type { ControllerConfig } from '../config/config.ts';
import { declaredSource } from '../policy/model.ts';
import { asCode, asLink, escapeMarkdown, twoColumns } from './escape-markdown.ts';
import type { Processing, ProcessingCategory, Register } from './processing-of.ts';
import { basisInLaw, durationInWords, labelOf, originInRecords, titleOf } from './words.ts';

const unsaid = 'not stated';

const orUnsaid = (text: string | null | undefined): string =>
  text === undefined || text === null || text === '' ? unsaid : escapeMarkdown(text);

const controllerTable = (controller: ControllerConfig | undefined): string =>
  twoColumns(
    ['Art. 30(1)(a)', ''],
    [
      ['Controller', orUnsaid(controller?.name)],
      ['Address', orUnsaid(controller?.address)],
      ['Contact', orUnsaid(controller?.contact)],
      ['E-mail', orUnsaid(controller?.email)],
      ['Telephone', orUnsaid(controller?.phone)],
      ['Web', controller?.url === undefined ? unsaid : asLink(controller.url)],
      ['Jurisdiction', orUnsaid(controller?.jurisdiction)],
      ['Joint controllers', unsaid],
      ['Representative', unsaid],
      ['Data protection officer', orUnsaid(controller?.dataProtectionOfficer)],
      ['Places of storage', orUnsaid(controller?.storageLocations.join(', '))],
      [
        'Privacy policy',
        controller?.policyUrl === undefined ? unsaid : asLink(controller.policyUrl),
      ],
    ],
  );

const bases = ({ basis, places }: Processing): string =>
  [
    basisInLaw[basis],
    ...places.map(({ is, in: codes }) => `in ${codes.join(', ')}: ${basisInLaw[is]}`),
  ]
    .map(escapeMarkdown)
    .join('; ');

const purposeText = (one: Processing): string => {
  const notes = [
    ...(one.under.length > 0 ? [`part of ${one.under.join(', ')}`] : []),
    ...(one.sale ? ['data are sold or shared for value'] : []),
    ...(one.directMarketing ? ['direct marketing'] : []),
    ...(one.since === null ? [] : [`since ${one.since}`]),
    ...(one.deprecated === null ? [] : [`no new yes is taken: ${one.deprecated}`]),
    ...(one.replacedBy === null ? [] : [`replaced by ${one.replacedBy}`]),
  ];
  const text = one.description === null ? unsaid : one.description;
  return escapeMarkdown(notes.length === 0 ? text : `${text} (${notes.join('; ')})`);
};

/** What persons declared has no source of the deployment's. */
const held = (source: string): string =>
  source === declaredSource ? 'kept by the gateway' : `from ${asCode(source)}`;

const dataRow = (one: ProcessingCategory): string => {
  const fields = one.fields.map(
    ({ coordinate, source, origin, basis, namedYes }) =>
      `${asCode(coordinate)} ${held(source)}: ${originInRecords[origin]}${
        namedYes ? `, ${basis.toLowerCase()} that names it` : ''
      }`,
  );
  return `| ${escapeMarkdown(labelOf(one))} | ${fields.join('; ') || 'no field today'} |`;
};

const activity = (one: Processing): string =>
  [
    `## ${escapeMarkdown(titleOf(one))}`,
    twoColumns(
      ['', asCode(one.purpose)],
      [
        ['Purpose (b)', purposeText(one)],
        ['Legal basis', bases(one)],
        ['Categories of data subjects (c)', one.subjects.map(asCode).join(', ') || 'none'],
        [
          'Categories of personal data (c)',
          escapeMarkdown(one.categories.map(labelOf).join('; ')) || 'none',
        ],
        ['Categories of recipients (d)', orUnsaid(one.recipients.join(', '))],
        ['Transfers to third countries (e)', 'not stated in the schema'],
        [
          'Envisaged time limits for erasure (f)',
          one.retention === null
            ? unsaid
            : `${durationInWords(one.retention)} (${asCode(one.retention)})`,
        ],
      ],
    ),
    ...(one.categories.length === 0
      ? []
      : [['| Data | Fields |', '| --- | --- |', ...one.categories.map(dataRow)].join('\n')]),
  ].join('\n\n');

/** What the gateway itself does; of what lies around it the schema knows nothing. */
const measures = [
  '## General description of security measures (g)',
  [
    '- A field is released only to a caller whose token allows the purpose, and only where the purpose’s basis holds for the person at that moment; else it is withheld.',
    '- Fields that a purpose does not cover are not read from their source.',
    '- Each operation leaves an entry in a log, with what was released and withheld and why, and without any value; an answer that cannot be logged does not leave.',
    `- Of the sources, of networks, of organisation: ${unsaid}.`,
  ].join('\n'),
].join('\n\n');

const unusedList = ({ unused }: Register): readonly string[] =>
  unused.length === 0
    ? []
    : [
        '## Held, and used for nothing',
        unused.map((one) => `- ${escapeMarkdown(labelOf(one))}`).join('\n'),
      ];

/**
 * The register as a record of processing activities under Art. 30(1) GDPR. What neither schema nor
 * configuration says is `not stated`; nothing is made up.
 */
export const writeRecord = (register: Register, controller?: ControllerConfig): string =>
  `${[
    '# Record of processing activities (Art. 30(1) GDPR)',
    `Made from the schema ${asCode(register.policy)}.`,
    controllerTable(controller),
    ...register.processing.map(activity),
    ...unusedList(register),
    measures,
  ].join('\n\n')}\n`;
