export type { Inbox, Told } from './inbox.ts';
