import { Dice } from './dice.ts';

export const customerCount = 24_000;

/** The sample's today. It is fixed, so that the sample is the same whenever it is made. */
export const sampleNow = Date.UTC(2025, 5, 30);

const day = 86_400_000;
const opened = Date.UTC(2021, 0, 1);

export const daysBefore = (instant: number, days: number): number => instant - days * day;

/** An instant from `from` up to, not including, `to`, on a whole second. */
export const instantBetween = (dice: Dice, from: number, to: number): number =>
  from + Math.floor((dice.next() * (to - from)) / 1000) * 1000;

export const toDate = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
export const toTime = (instant: number): string => new Date(instant).toISOString();

/** When a customer registered; their orders and choices come later. */
export const registeredAt = (customer: number): number =>
  instantBetween(new Dice('registered', customer), opened, daysBefore(sampleNow, 30));

/** Six in ten customers joined the club. */
export const isClubMember = (customer: number): boolean => new Dice('club', customer).chance(0.6);
