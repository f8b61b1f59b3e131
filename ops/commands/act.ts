import { parseArgs } from 'node:util';
import { ACTION_NAMES, type ActionName, titleOf } from '../../operations/titles.ts';
import { performAction, previewAction, type Preview } from '../../operations/perform.ts';
import { actorOf, namedActor, operating, required, subjectOf } from '../operator.ts';
import { awaiting, EXIT, moneyJson, moneyText } from '../print.ts';
import { UsageError } from '../usage.ts';

/** The ways in which a person resolves something, each the name of its action. */
export const RESOLUTIONS = ACTION_NAMES.filter((action) => titleOf(action).isResolution === true);

/** `retry ID --reason R` */
export const retry = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'retry');

/** `refund ORDER [--amount N | --item ID…] --reason R` */
export const refund = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'refund');

/** `give-up ID --reason R` */
export const giveUp = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'give_up');

/** `refund-invoice INVOICE [--amount N] [--end-access] --reason R` */
export const refundInvoice = (args: string[], env: NodeJS.ProcessEnv) =>
  act(args, env, () => 'refund_invoice');

/** `charge-now INVOICE --reason R` */
export const chargeNow = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'charge_now');

/** `void-invoice INVOICE --reason R` */
export const voidInvoice = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'void_invoice');

/** `end-now SUBSCRIPTION --reason R` */
export const endNow = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'end_now');

/** `move-price SUBSCRIPTION --reason R` */
export const movePrice = (args: string[], env: NodeJS.ProcessEnv) => act(args, env, () => 'move_price');

/** `resolve ID --as HOW --reason R` */
export const resolve = (args: string[], env: NodeJS.ProcessEnv) =>
  act(args, env, (as) => {
    const known = RESOLUTIONS.find((name) => name === as);
    if (known === undefined) throw new UsageError(`--as: expected one of ${RESOLUTIONS.join(', ')}`);
    return known;
  });

/** One action on one row: previewed, or done with a reason by an admin. */
export async function act(
  args: string[],
  env: NodeJS.ProcessEnv,
  actionOf: (as: string | undefined) => ActionName,
  findOne: typeof subjectOf = subjectOf,
): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      as: { type: 'string' },
      amount: { type: 'string' },
      item: { type: 'string', multiple: true },
      'end-access': { type: 'boolean' },
      reason: { type: 'string' },
      actor: { type: 'string' },
      preview: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const action = actionOf(values.as);
  const id = required(positionals[0], 'ID', 'an id of ours, or a workflow id');
  if (positionals.length > 1) throw new UsageError('one ID at a time; for many there is retry-failed');
  const reason = values.preview
    ? ''
    : required(values.reason, '--reason', 'why; it is kept in the audit log');
  return operating(env, async (deps) => {
    const params = partOf(values);
    const ask = { action, subject: await findOne(deps, id), ...(params && { params }) };
    if (values.preview) return shown(await previewAction(deps, ask, namedActor(env, values)), values.json);
    const by = await actorOf(deps, env, values);
    const performed = await performAction(deps, ask, { ...by, reason });
    if ('awaitsApproval' in performed) return awaiting(performed.awaitsApproval, values.json);
    const { now, note } = performed.done;
    if (values.json) return JSON.stringify({ done: { now, note } });
    return `${now.subject} is ${now.status}${note === null ? '' : `. ${note}`}`;
  });
}

/** The part of an order or an invoice to refund; undefined: all that is left. */
function partOf({
  amount,
  item: itemIds,
  'end-access': endAccess,
}: {
  readonly amount?: string | undefined;
  readonly item?: string[] | undefined;
  readonly 'end-access'?: boolean | undefined;
}) {
  if (amount === undefined && itemIds === undefined && endAccess === undefined) return undefined;
  if (amount !== undefined && !/^[1-9]\d{0,15}$/.test(amount))
    throw new UsageError('--amount: expected minor units, such as 1250');
  return {
    ...(amount !== undefined && { amount: Number(amount) }),
    ...(itemIds && { itemIds }),
    ...(endAccess !== undefined && { endAccess }),
  };
}

function shown(preview: Preview, json: boolean): string {
  const { action, subject, statusNow, money, effect, needsSecondAdmin, refusal } = preview;
  if (refusal !== null) process.exitCode = EXIT.found;
  if (json) {
    return JSON.stringify({
      preview: {
        ...{ action, subject, status_now: statusNow, ...moneyJson(money), effect },
        ...{ needs_second_admin: needsSecondAdmin, refusal },
      },
    });
  }
  return [
    `${action} ${subject}, which is ${statusNow}: ${moneyText(money)}`,
    effect ?? `refused: ${refusal?.detail}`,
    ...(needsSecondAdmin && refusal === null ? ['A second admin has to agree.'] : []),
    'Nothing has been done.',
  ].join('\n');
}
