export { openToTemporalUi, serveCodec } from './codec.ts';
export { Maintenance } from './maintenance.ts';
