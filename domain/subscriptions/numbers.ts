/** The counter of a series in a year; credit notes have a series of their own. */
export const invoiceSeries = (series: string, year: number): string => `${series}-${year}`;
export const creditNoteSeries = (series: string, year: number): string => `${series}-CN-${year}`;

const DIGITS = 6;

/** `VZ-2026-000001` */
export const numberIn = (series: string, count: number): string =>
  `${series}-${String(count).padStart(DIGITS, '0')}`;
