export const ACCOUNTS_TITLES = {
  actions: {
    disable: { title: 'Disable' },
    enable: { title: 'Enable' },
    end_sessions: { title: 'End all sessions' },
    verify_address: { title: 'Take the address as confirmed' },
    unblock: { title: 'Unblock' },
    reset_second_factor: { title: 'Take the second factor away' },
    give_admin: { title: 'Make an admin' },
    take_admin: { title: 'Take the role admin away' },
    resend: { title: 'Send it again', onMany: true },
  },
  story: { account: 'Account' },
} as const;
