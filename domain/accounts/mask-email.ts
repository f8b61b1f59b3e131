/** An address as others may read it: `a***@people.example`. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return `${email.slice(0, Math.min(1, Math.max(at, 0)))}***@${email.slice(at + 1)}`;
}
