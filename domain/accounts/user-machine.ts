import { machineAllows, type Machine } from '../kernel/index.ts';

export const USER_STATUSES = ['active', 'disabled', 'closing', 'erasing', 'erased'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** An account. A disabled one was closed to its person by an admin; a closing one is left, and can be taken back for a while. */
export const USER: Machine<UserStatus> = {
  name: 'user',
  statuses: USER_STATUSES,
  transitions: {
    active: ['disabled', 'closing'],
    disabled: ['active', 'closing'],
    closing: ['active', 'erasing'],
    erasing: ['erased'],
    erased: [],
  },
};

export const canTransition = (from: string, to: string) => machineAllows(USER, from, to);
