export { onboardingWorkflowId } from './ids.ts';
export type { OnboardingAnswer, OnboardingAsk } from './messages.ts';
