import type { Engine } from '../bench.ts';
import { type Closers, type Parts, startParts } from '../stack.ts';
import { startFloor } from './floor.ts';
import { installPeers, PEERS, startPeer } from './peer.ts';
import { type Product, startProduct } from './product.ts';
import { type Providers, startProviders } from './providers.ts';
import type { Side } from './side.ts';

/** Everything that refunds are compared on: one PostgreSQL, one Temporal, the stand-ins, and the sides. */
export interface Arena {
  readonly parts: Parts;
  readonly providers: Providers;
  readonly product: Product;
  readonly floor: Side;
  readonly peers: readonly Side[];
}

export async function openArena(
  closers: Closers,
  say: (line: string) => void,
  {
    settings = {},
    engine = 'sqlite',
  }: { readonly settings?: Readonly<Record<string, string>>; readonly engine?: Engine | undefined } = {},
): Promise<Arena> {
  installPeers(say);
  const parts = await startParts(closers, { engine, say });
  const providers = await startProviders(['veza', ...PEERS], closers, say);
  const product = await startProduct(parts, providers, closers, say, settings);
  const floor = await startFloor(parts, closers, say);
  const peers: Side[] = [];
  for (const name of PEERS) peers.push(await startPeer(name, parts, providers, closers, say));
  return { parts, providers, product, floor, peers };
}
