export { Password } from './fields-view.ts';
export { reauthenticate, REAUTHENTICATED } from './reauthenticate.ts';
export { Code, proveSecondFactor } from './second-factor-code.ts';
export { readOwnUser } from './signed-in-view.ts';
