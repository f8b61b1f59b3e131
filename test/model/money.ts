// What the money must do, told a second time and on purpose without a line of the code that does it: plain numbers, one
// order and one seller at a time. Minor units.

export interface Item {
  readonly id: string;
  readonly seller: number;
  readonly netMinor: number;
  readonly feeMinor: number;
}

/** Who bears how much of which item, by the item's place on the order. */
export type Shares = Map<number, { seller: number; fee: number }>;

export interface Refund {
  /** Ours, or the PSP's where it was made there. */
  readonly id: string;
  readonly kind: 'requested' | 'external' | 'payment_returned' | 'dispute';
  /** As asked for; once it has succeeded, what the PSP gave back. */
  amount: number;
  byItems: boolean;
  /** The PSP holds a refund under this id. */
  readonly atPsp: boolean;
  excess: number;
  status: 'pending' | 'succeeded' | 'failed' | 'returned';
  shares: Shares;
}

export interface Reversal {
  amount: number;
  state: 'open' | 'done' | 'failed' | 'settled_outside' | 'written_off';
}

/** One seller's part of an order, on its way or there. */
export interface Leg {
  readonly seller: number;
  /** What is to be sent, or was. */
  amount: number;
  asked: boolean;
  sent: boolean;
  /** Refunded while Stripe had been asked for the whole. */
  inFlight: number[];
  /** Taken back by others, and claimed by no refund yet. */
  suspense: number;
  takenByOthers: number;
  reversals: Reversal[];
}

export interface Order {
  readonly id: string;
  readonly items: readonly Item[];
  readonly captured: number | null;
  /** Its payment came late or wrong, or never. */
  readonly failed: boolean;
  cancelled: boolean;
  refunds: Refund[];
  dispute: { id: string; amount: number; reopened?: boolean } | null;
  disputes: number;
  /** The last one that ended without taking anything, which may be opened again. */
  freed: { id: string; amount: number } | null;
  /** A lost one was won: a second transfer has gone out, and the model leaves the order alone from here on. */
  wonBack: boolean;
  legs: Leg[];
  revoked: Set<number>;
}

export interface Seller {
  connected: boolean;
  /** Their account at Stripe is: nothing goes there, and nothing comes back. */
  gone: boolean;
  pending: number;
  /** Above zero available, below it owed: a credit pays debts first, so there is never both. */
  net: number;
  /** At Stripe. */
  balance: number;
  /** What the books have at Stripe less than there is: written off. */
  writtenOff: number;
  payouts: { id: string; amount: number; back: boolean }[];
  /** Several reversals are open and only some can be paid: which, nobody can foretell. */
  murky: boolean;
}

export interface Books {
  sellers: Seller[];
  orders: Order[];
  stripeDown: boolean;
  /** Sellers may go below zero at Stripe. */
  lenient: boolean;
  revenue: number;
  losses: number;
  /** Paid by sellers some other way. */
  paidOutside: number;
  commands: string[];
}

const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, one) => total + one, 0);

/** Largest remainder, ties by id. */
export function divide(amount: number, parts: readonly { id: string; left: number }[]): number[] {
  const whole = sum(parts.map((part) => part.left));
  if (whole === 0) return parts.map(() => 0);
  const shares = parts.map(({ left }) => Number((BigInt(amount) * BigInt(left)) / BigInt(whole)));
  const rests = parts.map(({ id, left }, place) => ({
    place,
    id,
    rest: Number((BigInt(amount) * BigInt(left)) % BigInt(whole)),
  }));
  rests.sort((a, b) => b.rest - a.rest || (a.id < b.id ? -1 : 1));
  const missing = amount - sum(shares);
  for (const { place } of rests.slice(0, missing)) shares[place]! += 1;
  return shares;
}

/** What is left of each item: what neither succeeded nor open refunds hold. */
export function leftOf(order: Order): { seller: number; fee: number }[] {
  const holding = order.refunds.filter(({ status }) => status === 'pending' || status === 'succeeded');
  return order.items.map(({ netMinor, feeMinor }, place) => ({
    seller: netMinor - sum(holding.map(({ shares }) => shares.get(place)?.seller ?? 0)),
    fee: feeMinor - sum(holding.map(({ shares }) => shares.get(place)?.fee ?? 0)),
  }));
}

export const totalLeft = (left: readonly { seller: number; fee: number }[]) =>
  sum(left.map(({ seller, fee }) => seller + fee));

export const refundedOf = (order: Order) =>
  sum(order.refunds.filter((one) => one.status === 'succeeded').map((one) => one.amount - one.excess));

/** In proportion to what is left of each item, and of each between seller and fee. */
export function share(
  amount: number,
  items: readonly Item[],
  left: readonly { seller: number; fee: number }[],
  among = (_place: number) => true,
): Shares {
  const places = items.map((_, place) => place).filter(among);
  const parts = divide(
    amount,
    places.map((place) => ({ id: items[place]!.id, left: left[place]!.seller + left[place]!.fee })),
  );
  const shares: Shares = new Map();
  for (const [index, place] of places.entries()) {
    const { seller, fee } = left[place]!;
    const [ofFee, ofSeller] = divide(parts[index]!, [
      { id: 'fee', left: fee },
      { id: 'seller', left: seller },
    ]);
    if (parts[index]! > 0) shares.set(place, { seller: ofSeller!, fee: ofFee! });
  }
  return shares;
}

const add = (to: Shares, more: Shares): void => {
  for (const [place, { seller, fee }] of more) {
    const before = to.get(place) ?? { seller: 0, fee: 0 };
    to.set(place, { seller: before.seller + seller, fee: before.fee + fee });
  }
};

/**
 * Money left that nobody had asked for: out of what is free, then out of what the open refund holds, the rest beyond
 * the order. One of named items takes those first.
 */
export function holdLate(order: Order, refund: Refund, named: ReadonlySet<number> = new Set()): void {
  if (order.failed) {
    refund.shares = new Map();
    refund.excess = Math.max(refund.amount - ((order.captured ?? 0) - refundedOf(order)), 0);
    return;
  }
  const shares: Shares = new Map();
  let rest = refund.amount;
  const take = (among: (place: number) => boolean) => {
    const left = leftOf(order).map(({ seller, fee }, place) => ({
      seller: seller - (shares.get(place)?.seller ?? 0),
      fee: fee - (shares.get(place)?.fee ?? 0),
    }));
    const free = Math.min(rest, totalLeft(left.filter((_, place) => among(place))));
    add(shares, share(free, order.items, left, among));
    rest -= free;
  };
  if (named.size > 0) take((place) => named.has(place));
  take(() => true);
  const open = order.refunds.find((one) => one.status === 'pending' && one !== refund);
  if (open !== undefined && rest > 0) {
    const held = order.items.map((_, place) => open.shares.get(place) ?? { seller: 0, fee: 0 });
    const taken = Math.min(rest, totalLeft(held));
    const fromOpen = share(taken, order.items, held);
    for (const [place, { seller, fee }] of fromOpen) {
      const before = open.shares.get(place)!;
      const after = { seller: before.seller - seller, fee: before.fee - fee };
      if (after.seller + after.fee === 0) open.shares.delete(place);
      else open.shares.set(place, after);
    }
    add(shares, fromOpen);
    open.excess += taken;
    rest -= taken;
  }
  refund.shares = shares;
  refund.excess = rest;
}

/** The PSP gave back another amount than was asked for: what it named bears it first, and the rest whatever is left. */
export function doneAs(order: Order, refund: Refund, amount: number): void {
  const named = refund.byItems ? new Set(refund.shares.keys()) : new Set<number>();
  refund.byItems &&= amount >= refund.amount;
  refund.amount = amount;
  refund.shares = new Map();
  holdLate(order, refund, named);
}

/** The buyer has the money: everything that this changes. */
export function succeed(books: Books, order: Order, refund: Refund): void {
  refund.status = 'succeeded';
  books.losses += refund.excess;
  if (order.failed) return;
  for (const { fee } of refund.shares.values()) books.revenue -= fee;
  for (const leg of order.legs) {
    const part = sum(
      [...refund.shares].map(([place, { seller }]) =>
        order.items[place]!.seller === leg.seller ? seller : 0,
      ),
    );
    if (part > 0) takeFrom(books.sellers[leg.seller]!, leg, part);
  }
  const whole = refundedOf(order) === order.captured;
  for (const place of order.items.keys()) {
    if (whole || (refund.byItems && refund.shares.has(place))) order.revoked.add(place);
  }
}

/**
 * What a lost dispute took is back, once nothing of the order is under way: the fee is earned again, and each seller's share
 * goes out by another transfer.
 */
export function takeBack(books: Books, order: Order, refund: Refund): void {
  refund.status = 'returned';
  books.losses -= refund.excess;
  order.wonBack = true;
  for (const { fee } of refund.shares.values()) books.revenue += fee;
  for (const leg of [...order.legs]) {
    const part = sum(
      [...refund.shares].map(([place, { seller }]) =>
        order.items[place]!.seller === leg.seller ? seller : 0,
      ),
    );
    if (part === 0) continue;
    books.sellers[leg.seller]!.pending += part;
    const { seller } = leg;
    const empty = { asked: false, sent: false, inFlight: [], suspense: 0, takenByOthers: 0, reversals: [] };
    order.legs.push({ seller, amount: part, ...empty });
  }
  if (refundedOf(order) === order.captured) return;
  order.revoked = new Set(
    order.refunds
      .filter(({ status, byItems }) => status === 'succeeded' && byItems)
      .flatMap(({ shares }) => [...shares.keys()]),
  );
}

/** Nothing of it is under way, and nobody else has taken of it: then the model can say what a turn does. */
export const isAtRest = (order: Order): boolean =>
  !order.failed &&
  !order.wonBack &&
  order.dispute === null &&
  order.refunds.every(({ status }) => status !== 'pending') &&
  order.legs.every(
    (leg) =>
      leg.sent &&
      leg.inFlight.length === 0 &&
      leg.suspense === 0 &&
      leg.takenByOthers === 0 &&
      leg.reversals.every(({ state }) => state === 'done'),
  );

function takeFrom(seller: Seller, leg: Leg, part: number): void {
  if (leg.sent) {
    const claimed = Math.min(leg.suspense, part);
    leg.suspense -= claimed;
    seller.net -= part - claimed;
    if (part > claimed) leg.reversals.push({ amount: part - claimed, state: 'open' });
    return;
  }
  seller.pending -= part;
  if (leg.asked) leg.inFlight.push(part);
  else leg.amount -= part;
}

export const openReversals = (books: Books, seller: number) =>
  books.orders
    .flatMap((order) => order.legs)
    .filter((leg) => leg.seller === seller)
    .flatMap((leg) => leg.reversals.filter(({ state }) => state === 'open'));

/** Everything that goes on by itself has gone on. */
export function progress(books: Books): void {
  for (const order of books.orders) for (const leg of order.legs) send(books, order, leg);
  for (const [index, seller] of books.sellers.entries()) {
    const open = openReversals(books, index);
    const wanted = sum(open.map(({ amount }) => amount));
    if (open.length === 0) seller.murky = false;
    if (open.length === 0 || books.stripeDown) continue;
    if (seller.gone) {
      for (const reversal of open) reversal.state = 'failed';
      continue;
    }
    if (!books.lenient && wanted > seller.balance) {
      seller.murky ||= Math.min(...open.map(({ amount }) => amount)) <= seller.balance;
      continue;
    }
    seller.balance -= wanted;
    for (const reversal of open) reversal.state = 'done';
    seller.murky = false;
  }
}

function send(books: Books, order: Order, leg: Leg): void {
  const seller = books.sellers[leg.seller]!;
  if (leg.sent || leg.amount === 0 || !seller.connected || seller.gone) return;
  if (!leg.asked && order.dispute !== null) return;
  leg.asked = true;
  if (books.stripeDown) return;
  leg.sent = true;
  const kept = leg.amount - sum(leg.inFlight);
  seller.balance += leg.amount;
  seller.pending -= kept;
  seller.net += kept;
  for (const amount of leg.inFlight) leg.reversals.push({ amount, state: 'open' });
}

export function statusOf(order: Order): string {
  const refunded = refundedOf(order);
  if (order.refunds.some(({ status }) => status === 'pending')) return 'refund_pending';
  if (order.captured !== null && refunded === order.captured) return 'refunded';
  if (refunded > 0) return 'partially_refunded';
  return order.failed ? 'failed' : 'completed';
}

/** Of what the seller has: nothing of a disputed order that was sent is paid out. */
export function payable(books: Books, index: number): number {
  const held = books.orders
    .filter((order) => order.dispute !== null)
    .map((order) => {
      if (!order.legs.some((leg) => leg.seller === index && leg.sent)) return 0;
      const gone = order.refunds.filter(({ status }) => status === 'succeeded');
      return sum(
        order.items.map((item, place) =>
          item.seller === index
            ? item.netMinor - sum(gone.map(({ shares }) => shares.get(place)?.seller ?? 0))
            : 0,
        ),
      );
    });
  return Math.max(Math.max(books.sellers[index]!.net, 0) - sum(held), 0);
}
