export { auditLogEvents } from './audit-log.ts';
export { flagEvents, flagPart } from './flag.ts';
