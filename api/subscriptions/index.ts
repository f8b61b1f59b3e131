export { createAskAdmission } from './admission.ts';
