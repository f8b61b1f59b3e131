import type { FlagKind } from '../../domain/flags.ts';
import type { FlagWords } from '../row-kind.ts';
import { asks } from '../telling.ts';

/** Flags that call for more than a person who looks and clears them. */
export const SUBSCRIPTIONS_FLAG_WORDS: Readonly<Partial<Record<FlagKind, FlagWords>>> = {
  phantom: {
    next: 'It says that it is in force, and nobody paid: it gives no features, and is not renewed. `npm run ops -- phantoms` asks the PSP about each, and with `--apply` ends those that it knows nothing of.',
    remedies: ({ subject }) => asks(subject, 'end_now'),
  },
  renewal_unanswered: {
    next: 'The PSP has not said how one of its payments ended, for longer than the grace, or refuses to show it: its features may be closed. It is asked again without end; an answer opens them, and clears nothing here.',
    remedies: ({ subject }) => asks(subject, 'retry'),
  },
  double_payment: {
    next: 'Two payments of one invoice succeeded. One paid it, the other goes back as a refund of its own: its story shows both. Look why there were two, then clear this.',
  },
  psp_retries_itself: {
    next: 'The PSP charges refused cards again by itself, beside our schedule. Switch its automatic retries off, then clear this.',
  },
};
