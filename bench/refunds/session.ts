import type { Bench } from '../bench.ts';
import { startProduct } from '../sides/product.ts';
import { startProviders } from '../sides/providers.ts';
import { onCompiledCode, startParts } from '../stack.ts';
import { compare } from './measure.ts';

const ROUNDS = 5;
const UNITS = 500;

/**
 * `POST …/refund` to 202 with the read of session and user that each call makes where accounts are ours, beside the same without
 * it: another process of the API on the same rows, whose people an identity provider knows.
 */
export const session: Bench = ({ rounds = ROUNDS, part: units = UNITS, engine, say }) =>
  onCompiledCode(async (closers) => {
    const parts = await startParts(closers, { engine, say });
    const providers = await startProviders(['veza'], closers, say);
    const product = await startProduct(parts, providers, closers, say);
    await providers.control(product.pspUrl, 'setRefundMode', { mode: 'manual' });
    const without = await product.beside('without', { IDENTITY: 'external' });
    const compared = { whole: false, units } as const;
    const one = await compare([product, without], { ...compared, concurrency: 1 }, { rounds, say });
    const many = await compare([product, without], { ...compared, concurrency: 10 }, { rounds, say });
    return { points: [one, many] };
  });
