import type {
  Appended,
  EventStore,
  ExpectedRevision,
  NewEvent,
  Position,
  RecordedEvent,
  SubscriptionItem,
} from '#event-store';

/** Lets the reads and appends of several processes happen one at a time, in an order that the test chooses. */
export class Steps {
  readonly #waiting: { process: number; go: () => void }[] = [];

  /** The processes that wait for their turn, in the order in which they came to wait. */
  get waiting(): number[] {
    return this.#waiting.map(({ process }) => process);
  }

  /** Lets one of those that wait go on. */
  release(index: number): void {
    const [next] = this.#waiting.splice(index, 1);
    next?.go();
  }

  turn(process: number): Promise<void> {
    return new Promise((go) => this.#waiting.push({ process, go }));
  }
}

/** A process's view of a log. After so many steps the process is dead: what it still does never ends. */
export class StepStore implements EventStore {
  #left: number;
  #dead = false;

  constructor(
    private readonly store: EventStore,
    private readonly steps: Steps,
    private readonly process: number,
    diesAfter = Infinity,
  ) {
    this.#left = diesAfter;
  }

  get dead(): boolean {
    return this.#dead;
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    await this.#step();
    const appended = await this.store.append(stream, expected, events);
    await this.#step();
    return appended;
  }

  async *readStream(
    stream: string,
    options?: { after?: number; limit?: number },
  ): AsyncGenerator<RecordedEvent> {
    await this.#step();
    yield* this.store.readStream(stream, options);
  }

  readAll(options?: { after?: Position; prefix?: string }): AsyncIterable<RecordedEvent> {
    return this.store.readAll(options);
  }

  subscribe(options: {
    after: Position;
    prefix?: string;
    signal: AbortSignal;
  }): AsyncIterable<readonly SubscriptionItem[]> {
    return this.store.subscribe(options);
  }

  epoch(): Promise<string> {
    return this.store.epoch();
  }

  head(): Promise<Position> {
    return this.store.head();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  async #step(): Promise<void> {
    if (this.#left > 0) {
      this.#left -= 1;
      return this.steps.turn(this.process);
    }
    this.#dead = true;
    return new Promise(() => undefined);
  }
}
