/** Kinds of mails about an account that are sent in the request: nothing is kept unless the mail server took them. */
export const REQUEST_MAILS = [
  'verify_email',
  'already_registered',
  'password_reset',
  'confirm_email_change',
] as const;

/** Kinds of mails about an account that are written as rows, with the event that they tell of. */
export const ACCOUNT_MAILS = [
  'password_changed',
  'email_change_requested',
  'email_changed',
  'two_factor_on',
  'two_factor_off',
  'two_factor_blocked',
  'backup_code_used',
  'oauth_linked',
  'oauth_unlinked',
  'new_sign_in',
  'session_reuse',
  'invitation',
] as const;

type Nothing = Readonly<Record<string, never>>;
/** With the token in the fragment, where no server reads it. */
type Link = { readonly url: string };
/** As `maskEmail` makes it. */
type Masked = { readonly new_address: string };
type Provider = { readonly provider: string };

/** What each kind of mail about an account says. Times are ISO 8601. */
export type AccountMailParams = {
  /** `replaces`: the account is in use, and the link puts the password that was chosen in the place of what opens it. */
  readonly verify_email: Link & { readonly replaces: boolean };
  readonly already_registered: Nothing;
  readonly password_reset: Link;
  readonly confirm_email_change: Link;
  readonly password_changed: Nothing;
  readonly email_change_requested: Masked;
  readonly email_changed: Masked;
  readonly two_factor_on: Nothing;
  readonly two_factor_off: Nothing;
  readonly two_factor_blocked: { readonly until: string };
  readonly backup_code_used: { readonly left: number };
  readonly oauth_linked: Provider;
  readonly oauth_unlinked: Provider;
  /** `client` is an address, masked. */
  readonly new_sign_in: {
    readonly at: string;
    readonly client: string | null;
    readonly browser: string | null;
  };
  readonly session_reuse: { readonly at: string };
  readonly invitation: Link & { readonly expires_at: string };
};
