export const ACCOUNTS_FLAGS = ['mail_gave_up'] as const;
