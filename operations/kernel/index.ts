export { auditEvents } from './audit.ts';
export { flagEvents, flagPart } from './flag.ts';
