export const onboardingWorkflowId = (userId: string) => `onboarding/${userId}`;

export const accountKey = (userId: string, generation: number) => `account:${userId}:${generation}`;
