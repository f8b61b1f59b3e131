import type { FaultBox } from '../kernel/faults.ts';
import { isRecord } from '../kernel/fields.ts';
import { providerId } from '../kernel/ids.ts';
import { RateLimiter } from '../kernel/rate-limiter.ts';
import type { Answer, Exchange, Operation, Provider } from '../kernel/server.ts';
import {
  actingAccount,
  completeOnboarding,
  createAccount,
  requireAccount,
  requireDestination,
} from './accounts.ts';
import { type Books, nowSeconds } from './books.ts';
import {
  answerForStatus,
  Failure,
  insufficientPlatformBalance,
  missing,
  parameterError,
  rateLimited,
  refused,
  unauthorized,
  unknownUrl,
} from './errors.ts';
import type { OwnFault } from './faults.ts';
import { Params, parseForm } from './form.ts';
import { createdFilter, page, queryParams } from './lists.ts';
import { createPayout, findPayout, settlePayout } from './payouts.ts';
import { createTransfer, findTransfer, reverseTransfer, transferBody, updateTransfer } from './transfers.ts';
import { API_VERSION } from './types.ts';

export interface StripeParts {
  books: Books;
  faults: FaultBox<OwnFault>;
  secretKey: string;
}

const ok = (body: object): Answer => ({ status: 200, body: structuredClone(body) });
const paramsOf = (x: Exchange): Params => new Params(parseForm(x.raw));
const param = (x: Exchange, name: string): string => x.params[name] ?? '';
const LINK_SECONDS = 300;
const PLENTY_MINOR = 100_000_000;

export function stripeProvider(parts: StripeParts): Provider {
  const limiter = new RateLimiter();
  return {
    operations: operations(parts),
    parse: (raw) => parseForm(raw),
    execute: async (exchange, act) => {
      const requestId = providerId('req', 14);
      const answer = await attempt(parts, limiter, exchange, requestId, act);
      return { ...answer, headers: { 'request-id': requestId, ...answer.headers } };
    },
    answerFor: (fault) => answerForStatus(fault),
    unknownRoute: unknownUrl,
    headers: () => ({ 'request-id': providerId('req', 14), 'stripe-version': API_VERSION }),
  };
}

async function attempt(
  parts: StripeParts,
  limiter: RateLimiter,
  exchange: Exchange,
  requestId: string,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const { books } = parts;
  try {
    authorize(exchange.headers['authorization'], parts.secretKey);
    // Access is checked before any answer that is stored under a key.
    actingAccount(books, exchange.headers['stripe-account']);
    if (!limiter.admits(exchange.operation, books.rateLimitPerSecond)) throw rateLimited();
    return await books.keys.run(exchange, requestId, async () => act());
  } catch (error) {
    if (error instanceof Failure) return error.answer;
    throw error;
  }
}

function authorize(header: string | undefined, secretKey: string): void {
  const [scheme = '', token = ''] = (header ?? '').split(' ');
  const isBasic = scheme.toLowerCase() === 'basic';
  const key = isBasic ? Buffer.from(token, 'base64').toString().replace(/:.*$/, '') : token;
  if (key !== secretKey) throw unauthorized(key === '' ? undefined : key);
}

function operations(parts: StripeParts): readonly Operation[] {
  return [...transferOperations(parts), ...payoutOperations(parts), ...accountOperations(parts)];
}

function transferOperations(parts: StripeParts): readonly Operation[] {
  const { books } = parts;
  return [
    {
      name: 'transfers.create',
      method: 'POST',
      path: '/v1/transfers',
      act: (x) => {
        orderedShortage(parts, x);
        const body = transferBody(createTransfer(books, alteredParams(parts, x)));
        x.after(() => books.emit('transfer.created', body));
        return ok(body);
      },
    },
    {
      name: 'transfers.list',
      method: 'GET',
      path: '/v1/transfers',
      act: (x) => {
        const params = queryParams(x.query);
        const destination = params.text('destination');
        if (destination !== undefined) requireDestination(books, destination);
        const group = params.text('transfer_group');
        const isCreatedThen = createdFilter(params.raw('created'));
        const all = [...books.transfers.values()].filter(
          ({ body }) =>
            (destination === undefined || body.destination === destination) &&
            (group === undefined || body.transfer_group === group) &&
            isCreatedThen(body.created),
        );
        const list = page(
          all.map((record) => ({ id: record.body.id, record })),
          params,
          'transfer',
          '/v1/transfers',
        );
        return ok({ ...list, data: list.data.map(({ record }) => transferBody(record)) });
      },
    },
    {
      name: 'transfers.retrieve',
      method: 'GET',
      path: '/v1/transfers/:id',
      act: (x) => ok(transferBody(findTransfer(books, param(x, 'id')))),
    },
    {
      name: 'transfers.update',
      method: 'POST',
      path: '/v1/transfers/:id',
      act: (x) => {
        const record = findTransfer(books, param(x, 'id'));
        updateTransfer(record, paramsOf(x));
        const body = transferBody(record);
        x.after(() => books.emit('transfer.updated', body));
        return ok(body);
      },
    },
    {
      name: 'transfers.createReversal',
      method: 'POST',
      path: '/v1/transfers/:id/reversals',
      act: (x) => {
        const params = alteredParams(parts, x);
        const amountMinor = params.amount('amount');
        const metadata = params.metadata();
        params.ignore('description', 'refund_application_fee').done();
        const record = findTransfer(books, param(x, 'id'));
        orderedShortage(parts, x);
        const reversal = reverseTransfer(books, record, { amountMinor, metadata });
        const body = transferBody(record);
        x.after(() => books.emit('transfer.reversed', body));
        return ok(reversal);
      },
    },
    {
      name: 'transfers.listReversals',
      method: 'GET',
      path: '/v1/transfers/:id/reversals',
      act: (x) => {
        const record = findTransfer(books, param(x, 'id'));
        return ok(page(record.reversals, queryParams(x.query), 'transfer reversal', x.path));
      },
    },
    {
      name: 'transfers.retrieveReversal',
      method: 'GET',
      path: '/v1/transfers/:id/reversals/:reversalId',
      act: (x) => {
        const id = param(x, 'reversalId');
        const reversal = findTransfer(books, param(x, 'id')).reversals.find((each) => each.id === id);
        if (reversal === undefined) throw missing('transfer reversal', id);
        return ok(reversal);
      },
    },
  ];
}

/** The control that orders "not enough funds" regardless of the balances. */
function orderedShortage(parts: StripeParts, x: Exchange): void {
  const fault = parts.faults.takeOwn(['insufficientFunds'], x.at);
  if (fault === undefined) return;
  x.entry.faults.push(fault.kind);
  if (fault.code === undefined || fault.code === 'balance_insufficient') throw insufficientPlatformBalance();
  throw refused(400, 'Insufficient funds in the account.', { code: fault.code });
}

/** The control that changes the amount or the currency of what is made. */
function alteredParams(parts: StripeParts, x: Exchange): Params {
  const form = parseForm(x.raw);
  const fault = parts.faults.takeOwn(['otherAmount'], x.at);
  if (fault === undefined) return new Params(form);
  x.entry.faults.push(fault.kind);
  const { amountMinor, currency } = fault;
  return new Params({
    ...form,
    ...(amountMinor !== undefined && { amount: String(amountMinor) }),
    ...(currency !== undefined && { currency: currency.toLowerCase() }),
  });
}

function payoutOperations(parts: StripeParts): readonly Operation[] {
  const { books } = parts;
  const accountOf = (x: Exchange): string | null =>
    actingAccount(books, x.headers['stripe-account'])?.body.id ?? null;
  return [
    {
      name: 'payouts.create',
      method: 'POST',
      path: '/v1/payouts',
      act: (x) => {
        orderedShortage(parts, x);
        const account = actingAccount(books, x.headers['stripe-account']);
        const record = createPayout(books, alteredParams(parts, x), account);
        x.after(() => {
          if (record.settlesItself) settlePayout(books, record, 'paid');
        });
        return ok(record.body);
      },
    },
    {
      name: 'payouts.list',
      method: 'GET',
      path: '/v1/payouts',
      act: (x) => {
        const account = accountOf(x);
        const params = queryParams(x.query);
        const status = params.text('status');
        const isCreatedThen = createdFilter(params.raw('created'));
        const all = [...books.payouts.values()]
          .filter((record) => record.account === account)
          .map((record) => record.body)
          .filter((body) => (status === undefined || body.status === status) && isCreatedThen(body.created));
        return ok(page(all, params, 'payout', '/v1/payouts'));
      },
    },
    {
      name: 'payouts.retrieve',
      method: 'GET',
      path: '/v1/payouts/:id',
      act: (x) => ok(findPayout(books, param(x, 'id'), accountOf(x)).body),
    },
  ];
}

function accountOperations(parts: StripeParts): readonly Operation[] {
  const { books } = parts;
  return [
    {
      name: 'accounts.create',
      method: 'POST',
      path: '/v1/accounts',
      act: (x) => {
        const params = paramsOf(x);
        const record = createAccount(books, {
          payoutsEnabled: false,
          email: params.text('email'),
          country: params.text('country'),
          currency: params.text('default_currency'),
          type: params.text('type'),
          metadata: params.metadata(),
        });
        const answer = ok(record.body);
        x.after(() => {
          if (books.autoOnboard) completeOnboarding(books, record);
        });
        return answer;
      },
    },
    {
      name: 'accounts.list',
      method: 'GET',
      path: '/v1/accounts',
      act: (x) => {
        const params = queryParams(x.query);
        const isCreatedThen = createdFilter(params.raw('created'));
        const reachable = [...books.accounts.values()].filter((record) => record.goneAs === undefined);
        const all = reachable.map((record) => record.body);
        const created = all.filter((body) => isCreatedThen(body.created));
        return ok(page(created, params, 'account', '/v1/accounts'));
      },
    },
    {
      name: 'accounts.retrieve',
      method: 'GET',
      path: '/v1/accounts/:id',
      act: (x) => ok(requireAccount(books, param(x, 'id')).body),
    },
    {
      name: 'accountLinks.create',
      method: 'POST',
      path: '/v1/account_links',
      act: (x) => {
        const params = paramsOf(x);
        const { id } = requireAccount(books, params.requiredText('account')).body;
        const type = params.requiredText('type');
        if (type !== 'account_onboarding' && type !== 'account_update') {
          throw parameterError(`Invalid type: must be one of account_onboarding or account_update`, {
            param: 'type',
          });
        }
        const back = params.text('return_url') ?? '';
        params.ignore('refresh_url', 'collect', 'collection_options').done();
        const created = nowSeconds();
        const query = new URLSearchParams({ return_url: back });
        const url = `http://${x.headers['host'] ?? ''}/_sandbox/onboarding/${id}?${query.toString()}`;
        return ok({ object: 'account_link', created, expires_at: created + LINK_SECONDS, url });
      },
    },
    {
      name: 'balance.retrieve',
      method: 'GET',
      path: '/v1/balance',
      act: (x) => ok(balanceOf(books, x.headers['stripe-account'])),
    },
  ];
}

function balanceOf(books: Books, header: string | undefined): object {
  const account = actingAccount(books, header);
  const limited = account?.balances ?? books.platformBalances;
  const balances =
    account === undefined && Object.keys(limited).length === 0 ? { usd: PLENTY_MINOR } : limited;
  const available = Object.entries(balances).map(([currency, amount]) => ({
    amount,
    currency,
    source_types: { card: amount },
  }));
  return { object: 'balance', available, livemode: false, pending: [] };
}

/** Where the account link of the sandbox leads: the forms are done at once. */
export function onboard(books: Books, id: string, returnUrl: string | undefined): Response {
  const record = books.accounts.get(id);
  if (!isRecord(record)) return new Response('no such account', { status: 404 });
  completeOnboarding(books, record);
  if (!returnUrl) return new Response(`account ${id} is ready`);
  return new Response(null, { status: 303, headers: { location: returnUrl } });
}
