import type { Faker } from '@faker-js/faker';
import { faker as cs } from '@faker-js/faker/locale/cs_CZ';
import { faker as da } from '@faker-js/faker/locale/da';
import { faker as de } from '@faker-js/faker/locale/de';
import { faker as deAt } from '@faker-js/faker/locale/de_AT';
import { faker as deCh } from '@faker-js/faker/locale/de_CH';
import { faker as enAu } from '@faker-js/faker/locale/en_AU';
import { faker as enCa } from '@faker-js/faker/locale/en_CA';
import { faker as enGb } from '@faker-js/faker/locale/en_GB';
import { faker as enIe } from '@faker-js/faker/locale/en_IE';
import { faker as enUs } from '@faker-js/faker/locale/en_US';
import { faker as es } from '@faker-js/faker/locale/es';
import { faker as esMx } from '@faker-js/faker/locale/es_MX';
import { faker as fi } from '@faker-js/faker/locale/fi';
import { faker as fr } from '@faker-js/faker/locale/fr';
import { faker as it } from '@faker-js/faker/locale/it';
import { faker as ja } from '@faker-js/faker/locale/ja';
import { faker as nb } from '@faker-js/faker/locale/nb_NO';
import { faker as nl } from '@faker-js/faker/locale/nl';
import { faker as nlBe } from '@faker-js/faker/locale/nl_BE';
import { faker as pl } from '@faker-js/faker/locale/pl';
import { faker as ptBr } from '@faker-js/faker/locale/pt_BR';
import { faker as ptPt } from '@faker-js/faker/locale/pt_PT';
import { faker as sv } from '@faker-js/faker/locale/sv';

export interface Country {
  /** ISO 3166-1 code. */
  readonly code: string;
  readonly faker: Faker;
  readonly weight: number;
  /**
   * `#` is a digit. Numbers that the country sets aside for films and books where it does so;
   * elsewhere national numbers that begin with 000, which nobody is ever given.
   */
  readonly phone: string;
  /** ISO 3166-2 codes, where the law differs within the country. */
  readonly parts?: readonly string[];
}

const us = ['CA', 'CA', 'CA', 'TX', 'TX', 'NY', 'FL', 'VA', 'CO', 'CT', 'IL', 'WA', 'OH'];
const ca = ['ON', 'ON', 'QC', 'BC', 'AB'];

export const countries: readonly Country[] = [
  { code: 'DE', faker: de, weight: 16, phone: '+49 30 23125 ###' },
  {
    code: 'US',
    faker: enUs,
    weight: 14,
    phone: '+1 2## 555 01##',
    parts: us.map((s) => `US-${s}`),
  },
  { code: 'GB', faker: enGb, weight: 12, phone: '+44 7700 900###' },
  { code: 'FR', faker: fr, weight: 10, phone: '+33 1 99 00 ## ##' },
  { code: 'NL', faker: nl, weight: 6, phone: '+31 000 ######' },
  { code: 'ES', faker: es, weight: 6, phone: '+34 000 ### ###' },
  { code: 'IT', faker: it, weight: 6, phone: '+39 000 ### ####' },
  { code: 'PL', faker: pl, weight: 4, phone: '+48 000 ### ###' },
  { code: 'CA', faker: enCa, weight: 4, phone: '+1 4## 555 01##', parts: ca.map((p) => `CA-${p}`) },
  { code: 'AT', faker: deAt, weight: 3, phone: '+43 000 ######' },
  { code: 'CH', faker: deCh, weight: 3, phone: '+41 000 ### ###' },
  { code: 'BE', faker: nlBe, weight: 3, phone: '+32 000 ### ###' },
  { code: 'SE', faker: sv, weight: 3, phone: '+46 8 465 004 ##' },
  { code: 'AU', faker: enAu, weight: 3, phone: '+61 2 5550 ####' },
  { code: 'DK', faker: da, weight: 2, phone: '+45 000 #####' },
  { code: 'NO', faker: nb, weight: 2, phone: '+47 000 #####' },
  { code: 'FI', faker: fi, weight: 2, phone: '+358 000 ######' },
  { code: 'PT', faker: ptPt, weight: 2, phone: '+351 000 ######' },
  { code: 'CZ', faker: cs, weight: 2, phone: '+420 000 ### ###' },
  { code: 'BR', faker: ptBr, weight: 2, phone: '+55 000 ### ####' },
  { code: 'MX', faker: esMx, weight: 2, phone: '+52 000 ### ####' },
  { code: 'JP', faker: ja, weight: 2, phone: '+81 000 ### ####' },
  { code: 'IE', faker: enIe, weight: 1, phone: '+353 20 91# ####' },
];
