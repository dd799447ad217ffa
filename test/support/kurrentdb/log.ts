import { EventEmitter } from 'node:events';

export interface StoredEvent {
  stream: string;
  revision: number;
  position: bigint;
  id: string;
  metadata: [string, string][];
  customMetadata: Uint8Array;
  data: Uint8Array;
}

export type Proposed = Pick<StoredEvent, 'id' | 'metadata' | 'customMetadata' | 'data'>;

/** Beyond what a JavaScript number can tell apart. */
const FIRST_POSITION = 2n ** 60n;
const RECORD_BYTES = 113n;

/** The test server's log: outlives its connections, as the disk of a server would. */
export class ServerLog {
  readonly events: StoredEvent[] = [];
  readonly growth = new EventEmitter().setMaxListeners(0);
  readonly #revisions = new Map<string, number>();

  /** Counts from 0; -1: there is no such stream. */
  revision(stream: string): number {
    return this.#revisions.get(stream) ?? -1;
  }

  /** Of the record that follows, there or to come. */
  placeAfter({ position }: StoredEvent): bigint {
    return position + RECORD_BYTES;
  }

  /** Whether a record begins there, or would begin next. */
  isRecord(position: bigint): boolean {
    const index = position - FIRST_POSITION;
    return index % RECORD_BYTES === 0n && index >= 0n;
  }

  /** The same events at the same place again are taken as stored, as KurrentDB does. False: another revision. */
  append(stream: string, expected: number, proposed: readonly Proposed[]): StoredEvent | false {
    const actual = this.revision(stream);
    if (actual !== expected) return this.#storedBefore(stream, expected, proposed) ?? false;
    for (const [index, event] of proposed.entries()) {
      const position = FIRST_POSITION + BigInt(this.events.length) * RECORD_BYTES;
      this.events.push({ ...event, stream, revision: actual + 1 + index, position });
    }
    this.#revisions.set(stream, actual + proposed.length);
    this.growth.emit('grown');
    return this.events.at(-1)!;
  }

  #storedBefore(stream: string, expected: number, proposed: readonly Proposed[]): StoredEvent | undefined {
    const stored = this.events.filter((event) => event.stream === stream && event.revision > expected);
    return proposed.every(({ id }, index) => stored[index]?.id === id)
      ? stored[proposed.length - 1]
      : undefined;
  }
}
