import { hash, randomUUID } from 'node:crypto';
import {
  CHUNK_BYTES,
  type ChunkAnswerMessage,
  type ChunkRequestMessage,
  type SnapshotOffer,
  type SyncRequestMessage,
} from '#contract';
import type { EncodedSnapshot, FeedSource } from './feed-source.js';

/** Nodes that may fetch snapshots at the same time. */
export const MAX_LEASES = 32;
/** A node that has asked for no chunk for so long has given up. */
export const LEASE_MS = 10_000;
/** A snapshot older than the head is offered for so long: the node then syncs the few changes that it lacks. */
export const OFFER_FRESH_MS = 5_000;

/** Snapshots that are not the newest, kept for those who fetch them still; with so many, the newest may be older. */
export const MAX_SUPERSEDED = 4;

interface Held {
  offer: SnapshotOffer;
  bytes: Buffer;
  madeAt: number;
  /** When the lease of each node that fetches it ends. */
  leases: Map<string, number>;
}

/** The snapshots that this replica has on offer, each built once and shared by all who ask. */
export class SnapshotOffers {
  readonly #held = new Map<string, Held>();
  #newest: Held | undefined;
  #building: Promise<Held> | undefined;

  /** `now` in milliseconds, from any start. */
  constructor(
    private readonly source: FeedSource,
    private readonly subject: string,
    private readonly now: () => number,
  ) {}

  /** Undefined when as many nodes as may are fetching snapshots. */
  async offer(request: SyncRequestMessage): Promise<SnapshotOffer | undefined> {
    this.#expire();
    if (!this.#admits(request.node)) return undefined;
    const held = this.#usable(request) ?? (await this.#build());
    if (!this.#admits(request.node)) return undefined;
    this.#release(request.node);
    held.leases.set(request.node, this.now() + LEASE_MS);
    return held.offer;
  }

  chunk({ id, index, node }: ChunkRequestMessage): ChunkAnswerMessage {
    const held = this.#held.get(id);
    if (!held || index >= held.offer.chunks) return { gone: true, data: new Uint8Array() };
    if (index === held.offer.chunks - 1) held.leases.delete(node);
    else if (held.leases.has(node)) held.leases.set(node, this.now() + LEASE_MS);
    return { gone: false, data: held.bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES) };
  }

  #admits(node: string): boolean {
    const leases = [...this.#held.values()].map((held) => held.leases);
    const count = leases.reduce((sum, { size }) => sum + size, 0);
    return count < MAX_LEASES || leases.some((nodes) => nodes.has(node));
  }

  #release(node: string): void {
    for (const { leases } of this.#held.values()) leases.delete(node);
  }

  #usable(request: SyncRequestMessage): Held | undefined {
    const newest = this.#newest;
    const head = this.source.head();
    if (newest?.offer.epoch !== head.epoch) return undefined;
    if (newest.offer.position === head.position) return newest;
    const forward = request.epoch !== head.epoch || newest.offer.position > request.position;
    const fresh = this.now() - newest.madeAt < OFFER_FRESH_MS;
    return forward && (fresh || this.#held.size > MAX_SUPERSEDED) ? newest : undefined;
  }

  #build(): Promise<Held> {
    this.#building ??= this.#hold().finally(() => (this.#building = undefined));
    return this.#building;
  }

  async #hold(): Promise<Held> {
    const snapshot = await this.source.snapshot();
    const held = {
      offer: this.#describe(snapshot),
      bytes: snapshot.bytes,
      madeAt: this.now(),
      leases: new Map<string, number>(),
    };
    this.#held.set(held.offer.id, held);
    this.#newest = held;
    this.#shed();
    return held;
  }

  #describe({ epoch, position, bytes }: EncodedSnapshot): SnapshotOffer {
    return {
      id: randomUUID(),
      subject: this.subject,
      chunks: Math.ceil(bytes.length / CHUNK_BYTES),
      bytes: BigInt(bytes.length),
      checksum: hash('sha256', bytes, 'hex'),
      epoch,
      position,
    };
  }

  /** The oldest without a reader goes first; a node that fetches one that is gone asks for a newer one. */
  #shed(): void {
    this.#expire();
    while (this.#held.size > MAX_SUPERSEDED + 1) {
      const [oldest] = this.#held.keys();
      this.#held.delete(oldest!);
    }
  }

  #expire(): void {
    for (const [id, held] of this.#held) {
      for (const [node, end] of held.leases) if (end <= this.now()) held.leases.delete(node);
      if (held !== this.#newest && held.leases.size === 0) this.#held.delete(id);
    }
  }
}
