import { parseArgs } from 'node:util';
import { listApprovals } from '../../db/approvals/index.ts';
import { APPROVAL_STATUSES } from '../../domain/approvals/index.ts';
import { approve as approveIt, reject as rejectIt } from '../../operations/approvals.ts';
import { actorOf, looking, operating, required } from '../operator.ts';
import { approvalJson, approvalText } from '../print.ts';
import { UsageError } from '../usage.ts';

const LIMIT = 100;

/** `approvals [--status S] [--json]`: actions that wait for a second admin. */
export async function approvals(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args,
    options: {
      status: { type: 'string', default: 'pending' },
      json: { type: 'boolean', default: false },
    },
  });
  const status = APPROVAL_STATUSES.find((name) => name === values.status);
  if (status === undefined) throw new UsageError(`--status: expected one of ${APPROVAL_STATUSES.join(', ')}`);
  const { rows } = await looking(env, ({ db }) =>
    listApprovals(db, { status }, { limit: LIMIT, afterId: null, newestFirst: true }),
  );
  if (values.json) return JSON.stringify({ data: rows.map(approvalJson) });
  return rows.length === 0 ? `nothing is ${status}` : rows.map(approvalText).join('\n');
}

const DECISION = {
  reason: { type: 'string' },
  actor: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const idOf = (positionals: readonly string[]) =>
  required(positionals[0], 'ID', 'the id of an approval').replace(/^approval\//, '');

/** `approve ID [--reason R]`: a second admin agrees, and it is done. */
export async function approve(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: DECISION });
  const id = idOf(positionals);
  const { approval, note } = await operating(env, async (deps) =>
    approveIt(deps, id, await actorOf(deps, env, values)),
  );
  if (values.json) return JSON.stringify({ approval: approvalJson(approval), note });
  return `${approvalText(approval)}${note === null ? '' : `\n${note}`}`;
}

/** `reject ID --reason R`: an admin says no, or the one who asked takes it back. */
export async function reject(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: DECISION });
  const id = idOf(positionals);
  required(values.reason, '--reason', 'why; it is kept in the audit log');
  const approval = await looking(env, async (deps) => rejectIt(deps, id, await actorOf(deps, env, values)));
  return values.json ? JSON.stringify({ approval: approvalJson(approval) }) : approvalText(approval);
}
