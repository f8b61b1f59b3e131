export const SETTLEMENTS_FLAGS = ['statement_exceptions'] as const;
