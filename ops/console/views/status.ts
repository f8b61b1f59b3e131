import { words } from '../format.ts';
import { html, type Html } from '../html.ts';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'plain';

const TONES: Readonly<Record<string, Tone>> = {
  completed: 'good',
  succeeded: 'good',
  reversed: 'good',
  paid: 'good',
  signalled: 'good',
  approved: 'good',
  won: 'good',
  matched: 'good',
  active: 'good',
  erased: 'good',
  pending: 'busy',
  queued: 'busy',
  building: 'busy',
  erasing: 'busy',
  waiting: 'warn',
  owed: 'warn',
  settled: 'good',
  received: 'busy',
  refund_pending: 'busy',
  reversal_pending: 'busy',
  accepted: 'busy',
  failed: 'warn',
  unmatched: 'warn',
  unhandled: 'warn',
  open: 'warn',
  permanently_failed: 'bad',
  lost: 'bad',
  disabled: 'bad',
};

export const toneOf = (status: string): Tone => TONES[status] ?? 'plain';

/** A status, by its word first and its colour second. */
export const badge = (status: string, tone: Tone = toneOf(status)): Html =>
  html`<span class="badge ${tone}">${words(status)}</span>`;
