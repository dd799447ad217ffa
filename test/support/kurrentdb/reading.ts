import * as grpc from '@grpc/grpc-js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { ServerLog, StoredEvent } from './log.js';
import { checkpoint, readEvent, streamIdentifier, streamName } from './messages.js';

type Options = streams.ReadReq.Options;
const WINDOW = 32;

/** One read or subscription on the test server. */
export class Reading {
  readonly #options: Options;
  #next = 0;

  constructor(
    private readonly log: ServerLog,
    private readonly call: grpc.ServerWritableStream<streams.ReadReq, streams.ReadResp>,
  ) {
    this.#options = call.request.getOptions() ?? new streams.ReadReq.Options();
  }

  start(): void {
    if (!this.#isFromRecord()) return void this.call.emit('error', invalidPosition());
    if (this.#options.hasSubscription()) this.#subscribe();
    else if (this.#options.hasStream()) this.#readStream();
    else this.#finish(this.#ofAll());
  }

  #subscribe(): void {
    const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('s');
    this.call.write(new streams.ReadResp().setConfirmation(confirmation));
    const from = this.#from();
    this.#next = this.log.events.findIndex(
      ({ position }) => position > from || (position === from && !this.#isPassed()),
    );
    if (this.#next < 0) this.#next = this.log.events.length;
    this.#push({ live: false });
    this.call.write(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    const push = () => this.#push({ live: true });
    this.log.growth.on('grown', push);
    this.call.on('close', () => this.log.growth.off('grown', push));
    this.call.on('error', () => this.log.growth.off('grown', push));
    this.call.on('cancelled', () => this.log.growth.off('grown', push));
  }

  /** What was passed over while catching up is told by the place of a record that may be still to come. */
  #push({ live }: { live: boolean }): void {
    let passed = 0;
    for (; this.#next < this.log.events.length; this.#next += 1) {
      const event = this.log.events[this.#next]!;
      const wanted = this.#matches(event);
      if (wanted) this.call.write(readEvent(event));
      passed += 1;
      if (!wanted)
        this.call.write(live ? checkpoint(event.position) : checkpoint(this.log.placeAfter(event), 0n));
      else if (passed % WINDOW === 0) this.call.write(checkpoint(event.position));
    }
  }

  #readStream(): void {
    const options = this.#options.getStream()!;
    const stream = streamName(options.getStreamIdentifier());
    const events = this.log.events.filter((event) => event.stream === stream);
    if (events.length === 0) {
      const missing = new streams.ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(stream));
      this.call.write(new streams.ReadResp().setStreamNotFound(missing));
      this.call.end();
      return;
    }
    const from = options.hasRevision() ? Number(options.getRevision()) : 0;
    this.#finish(events.filter(({ revision }) => revision >= from));
  }

  #ofAll(): StoredEvent[] {
    const from = this.#from();
    return this.log.events.filter((event) => event.position >= from && this.#matches(event));
  }

  /** A server cannot read from the midst of a record. A subscription may begin beyond the last one. */
  #isFromRecord(): boolean {
    const from = this.#from();
    const last = this.log.events.at(-1)?.position ?? 0n;
    return from === 0n || this.log.isRecord(from) || (this.#options.hasSubscription() && from >= last);
  }

  /** Whether the record at the place where it begins has been seen: its prepare position is told with it. */
  #isPassed(): boolean {
    const position = this.#options.getAll()?.getPosition();
    return position?.getPreparePosition() === position?.getCommitPosition();
  }

  #from(): bigint {
    const position = this.#options.getAll()?.getPosition();
    return position ? BigInt(position.getCommitPosition()) : 0n;
  }

  #finish(events: StoredEvent[]): void {
    const ordered =
      this.#options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS
        ? events.toReversed()
        : events;
    const count = Number(this.#options.getCount());
    for (const event of ordered.slice(0, count)) this.call.write(readEvent(event));
    this.call.end();
  }

  #matches({ stream }: StoredEvent): boolean {
    const expression = this.#options.getFilter()?.getStreamIdentifier();
    if (!expression) return true;
    const prefixes = expression.getPrefixList();
    return prefixes.length > 0
      ? prefixes.some((prefix) => stream.startsWith(prefix))
      : new RegExp(expression.getRegex()).test(stream);
  }
}

function invalidPosition() {
  return { code: grpc.status.INVALID_ARGUMENT, details: 'Trying to read from an invalid position.' };
}
