import type { Approval } from '../db/approvals/index.ts';
import { type Money, formatMoney } from '../domain/kernel/index.ts';

/** Exit codes, as USAGE states them. */
export const EXIT = { done: 0, found: 1, cannot: 2, awaits: 3 } as const;

/** Of a row that may name no money. */
const moneyOf = ({ amountMinor, currency }: Pick<Approval, 'amountMinor' | 'currency'>): Money | null =>
  amountMinor === null || currency === null ? null : { amountMinor, currency };

export const moneyText = (money: Money | null) =>
  money === null ? '-' : formatMoney(money.amountMinor, money.currency);

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `3 d`, `4 h`, `5 m`, `6 s`. */
export function ageText(since: Date, nowMs = Date.now()): string {
  const seconds = Math.max(Math.floor((nowMs - since.getTime()) / 1000), 0);
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d`;
  if (seconds >= 3_600) return `${Math.floor(seconds / 3_600)} h`;
  return seconds >= 60 ? `${Math.floor(seconds / 60)} m` : `${seconds} s`;
}

/** Money as JSON shows it everywhere. */
export const moneyJson = (money: Money | null) => ({
  amount: money?.amountMinor ?? null,
  currency: money?.currency ?? null,
});

export const approvalJson = (approval: Approval) => ({
  id: approval.id,
  action: approval.action,
  subject: approval.subject,
  status: approval.status,
  ...moneyJson(moneyOf(approval)),
  reason: approval.reason,
  requested_by: approval.requestedBy,
  requested_at: approval.requestedAt.toISOString(),
  expires_at: approval.expiresAt.toISOString(),
  decided_by: approval.decidedBy,
  note: approval.note,
});

export const approvalText = (approval: Approval) =>
  `${approval.id}  ${approval.status}  ${approval.action} ${approval.subject}  ${moneyText(moneyOf(approval))}  by ${approval.requestedBy}: ${approval.reason}`;

/** A second admin has to agree: exit 3. */
export function awaiting(approval: Approval, json: boolean): string {
  process.exitCode = EXIT.awaits;
  return json
    ? JSON.stringify({ approval: approvalJson(approval) })
    : `waits for a second admin: npm run ops -- approve ${approval.id}\n${approvalText(approval)}`;
}
