export type { AccountsDeps } from './deps.ts';
export { startMails } from './start-mails.ts';
