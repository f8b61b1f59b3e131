/** What people did with their accounts, by its results. */
export interface Joined {
  accounts: number;
  /** Registrations and resets that were refused since the mail server did not take their mail. */
  mailNotSent: number;
  signIns: number;
  refreshes: number;
  passwordChanges: number;
  resets: number;
  /** Resets whose mail the mail server did not take, which nobody is told. */
  resetsWithoutMail: number;
  /** Resets whose mail was taken by the mail server and whose process died before its link counted. */
  deadLinks: number;
  /** Sessions that were lost: the answer to a refresh never came, and its token was given again too late. */
  lostSessions: number;
  /** Calls that nobody answered, and that were made again. */
  repeated: number;
  kills: number;
  mailOutages: number;
}

export const nothingJoined = (): Joined => ({
  ...{ accounts: 0, mailNotSent: 0, signIns: 0, refreshes: 0, passwordChanges: 0, resets: 0 },
  ...{ resetsWithoutMail: 0, deadLinks: 0 },
  ...{ lostSessions: 0, repeated: 0, kills: 0, mailOutages: 0 },
});
