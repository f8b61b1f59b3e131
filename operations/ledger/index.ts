export { ledgerEvents } from './events.ts';
