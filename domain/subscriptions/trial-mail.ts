/** The address as the record of used trials knows it: in lower case, without the tag behind a plus sign. */
export function trialMail(address: string): string {
  const lower = address.trim().toLowerCase();
  const at = lower.lastIndexOf('@');
  const plus = lower.indexOf('+');
  // A name that begins with the sign is all tag: it stays.
  return plus > 0 && plus < at ? lower.slice(0, plus) + lower.slice(at) : lower;
}
