/** Kinds of what a person should look at, about no subject of its own. */
export const KERNEL_FLAGS = ['unknown_signal'] as const;
