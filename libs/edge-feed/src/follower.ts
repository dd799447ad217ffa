import type { ChangeMessage, SnapshotOffer, SyncAnswerMessage } from '#contract';
import { Backoff } from './backoff.js';
import type { FeedHandler, Outcome } from './feed-handler.js';
import type { FeedLog } from './log.js';
import { fromMessage, type FeedChange } from './messages.js';
import { judgeChange, judgeHead, remainder, type At, type HeadVerdict } from './ordering.js';
import { PendingChanges } from './pending-changes.js';
import { SyncFailed, SyncRefused, type SyncClient } from './sync-client.js';
import { SyncSchedule } from './sync-schedule.js';

/** For a change to arrive that a head has announced. */
const HEAD_GRACE_MS = 200;
const FAILED_RETRY_MS = { base: 250, max: 4_000 };
/** `base` at the least, whatever is drawn: what was refused is most likely refused again. */
const REFUSED_RETRY_MS = { base: 1_000, max: 30_000 };
const DRIFTED_RETRY_MS = { base: 100, max: 30_000 };

type SyncAnswer = NonNullable<SyncAnswerMessage['answer']>;

/** What became of changes and snapshots, and of syncs by the answer they got. */
export interface FollowerCounts {
  applied: number;
  refused: number;
  drifted: number;
  syncs: { changes: number; snapshot: number; retryLater: number; failed: number };
}

export interface FollowerOptions {
  handler: FeedHandler;
  syncs: SyncClient;
  connected: () => boolean;
  /** The last head heard over the present connection. */
  head: () => At | undefined;
  /** Called when something was applied or refused, or the digest differs. */
  settled: () => void;
  logger: FeedLog;
}

/** Keeps a node at the head of the log: applies what follows on and asks for what is missing, one step at a time. */
export class Follower {
  readonly counts: FollowerCounts = {
    applied: 0,
    refused: 0,
    drifted: 0,
    syncs: { changes: 0, snapshot: 0, retryLater: 0, failed: 0 },
  };
  readonly #options: FollowerOptions;
  readonly #pending = new PendingChanges();
  readonly #schedule = new SyncSchedule(() => performance.now());
  readonly #failures = new Backoff(FAILED_RETRY_MS.base, FAILED_RETRY_MS.max);
  readonly #refusals = new Backoff(REFUSED_RETRY_MS.base, REFUSED_RETRY_MS.max);
  readonly #drifts = new Backoff(DRIFTED_RETRY_MS.base, DRIFTED_RETRY_MS.max);
  #stopped = false;
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #syncing = false;
  #applying: Promise<unknown> = Promise.resolve();
  #refusal: { position: bigint; reason: string } | undefined;
  /** Why the last sync failed. */
  #failure: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Why the last change was refused; undefined once something has been applied, or nothing is missing. */
  get refused(): string | undefined {
    return this.#refusal?.reason;
  }

  /** A change has come, of so many bytes. What was refused already is not tried again for another replica's sake. */
  hear(change: FeedChange, bytes: number): void {
    if (this.#refusal) {
      const { epoch } = this.#options.handler.at();
      if (change.epoch === epoch && change.position <= this.#refusal.position) return;
      this.#schedule.hasten(REFUSED_RETRY_MS.base);
    }
    if (!this.#pending.add(change, bytes)) this.#schedule.want();
    void this.#proceed();
  }

  /** A change has come that cannot be read. If it is missing, the next head tells, and a sync brings it. */
  refuse(reason: string): void {
    this.counts.refused += 1;
    this.#refusal = { position: this.#options.handler.at().position, reason };
    this.#options.settled();
  }

  heed(verdict: HeadVerdict): void {
    if (this.#failure !== undefined) this.#schedule.hasten(Math.random() * HEAD_GRACE_MS);
    if (verdict === 'current') this.#current();
    else if (verdict === 'behind') this.#schedule.want({ after: HEAD_GRACE_MS * (1 + Math.random()) });
    else if (verdict === 'foreign') this.#schedule.want({ after: HEAD_GRACE_MS * Math.random() });
    else if (verdict === 'drifted' && !this.#syncing && !this.#schedule.snapshot)
      this.#drifted(this.#options.head());
    void this.#proceed();
  }

  /** Asks for what is missing, after so many milliseconds. */
  join(after: number): void {
    this.#schedule.hasten();
    this.#schedule.want({ after });
    void this.#proceed();
  }

  /** Lets what is being applied come to its end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#applying;
  }

  /** Does what can be done, one step after the other, and comes back when more is due. The first step begins at once. */
  async #proceed(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let step = this.#next(); step; step = this.#next()) await step;
    this.#busy = false;
    this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    const dueIn = this.#options.connected() ? this.#schedule.dueIn : undefined;
    if (dueIn !== undefined && !this.#stopped) this.#timer = setTimeout(() => void this.#proceed(), dueIn);
  }

  /** What can be done now. */
  #next(): Promise<void> | undefined {
    if (this.#stopped) return undefined;
    const at = this.#options.handler.at();
    this.#pending.dropWhile((change) => judgeChange(at, change) === 'old');
    const change = this.#pending.first;
    const applies = change && judgeChange(at, change) === 'applies';
    if (change && !applies) this.#schedule.want();
    if (!change && this.#isUpToHead(at)) this.#schedule.clear();
    const syncDue = this.#options.connected() && this.#schedule.dueIn === 0;
    if (syncDue && !(applies && !this.#schedule.snapshot)) return this.#sync(at);
    if (!applies) return undefined;
    this.#pending.shift();
    return this.#apply(at, change);
  }

  /** Nothing is missing of what the last head told of. */
  #isUpToHead(at: At): boolean {
    const head = this.#options.head();
    return (
      !this.#schedule.snapshot && head !== undefined && ['current', 'ahead'].includes(judgeHead(at, head))
    );
  }

  async #apply(at: At, change: FeedChange): Promise<void> {
    const rest = remainder(change, at.position);
    const outcome = await this.#guarded(() => this.#options.handler.applyChange(rest));
    if (outcome === 'applied') this.#drifts.reset();
    this.#settle(outcome, change);
  }

  async #sync(at: At): Promise<void> {
    const { snapshot } = this.#schedule;
    this.#schedule.clear();
    this.#syncing = true;
    try {
      const answer = await this.#options.syncs.ask(at, snapshot);
      this.#failure = undefined;
      if (!this.#stopped) await this.#follow(answer, at, snapshot);
    } catch (error) {
      if (error instanceof SyncFailed) this.#failed(error.message, snapshot);
      else if (error instanceof SyncRefused)
        this.#refused(error.message, this.#options.head()?.position ?? at.position);
      else throw error;
    } finally {
      this.#syncing = false;
    }
  }

  async #follow(answer: SyncAnswer, at: At, snapshot: boolean): Promise<void> {
    this.counts.syncs[answer.$case] += 1;
    switch (answer.$case) {
      case 'changes':
        return this.#followChanges(fromMessage(answer.value), at);
      case 'snapshot':
        return this.#followSnapshot(answer.value, at);
      case 'retryLater':
        this.#schedule.want({ snapshot });
        this.#schedule.postpone(answer.value.afterMs * (1 + Math.random()));
        return;
      default:
        return answer satisfies never;
    }
  }

  async #followChanges(change: FeedChange, at: At): Promise<void> {
    if (judgeChange(at, change) === 'applies') await this.#apply(at, change);
    else if (judgeHead(at, change) === 'drifted') this.#drifted(change);
    else if (this.#pending.first) this.#schedule.postpone(this.#failures.next());
    this.#pending.keep(({ epoch }) => epoch === this.#options.handler.at().epoch);
  }

  async #followSnapshot(offer: SnapshotOffer, at: At): Promise<void> {
    if (offer.epoch === at.epoch && offer.position < at.position)
      throw new SyncFailed(
        `the snapshot offered is of position ${offer.position}, but ${at.position} is applied`,
      );
    const bytes = await this.#options.syncs.fetch(offer);
    if (this.#stopped) return;
    const asked = this.#options.syncs.sequelOf(offer);
    const outcome = await this.#guarded(() => this.#options.handler.applySnapshot(bytes));
    this.#schedule.clear();
    this.#settle(outcome, offer);
    if (outcome === 'applied') void asked.then((sequel) => this.#takeSequel(sequel));
    else this.#schedule.want();
  }

  #takeSequel(sequel: ChangeMessage | undefined): void {
    if (sequel) this.counts.syncs.changes += 1;
    if (!sequel || !this.#pending.add(fromMessage(sequel), 0)) this.#schedule.want();
    void this.#proceed();
  }

  #settle(outcome: Outcome, { epoch, position }: { epoch: string; position: bigint }): void {
    if (outcome === 'applied') this.#applied();
    else if (outcome === 'drifted') this.#drifted({ epoch, position });
    else this.#refused(outcome.refused, position);
  }

  #applied(): void {
    this.counts.applied += 1;
    this.#refusal = undefined;
    this.#refusals.reset();
    this.#failures.reset();
    this.#options.settled();
  }

  /** Nothing is missing of what a head tells of: what was refused is not wanted any more. */
  #current(): void {
    this.#schedule.clear();
    const head = this.#options.head();
    if (!this.#refusal || (head && head.position < this.#refusal.position)) return;
    this.#refusal = undefined;
    this.#refusals.reset();
    this.#options.settled();
  }

  #refused(reason: string, position: bigint): void {
    this.counts.refused += 1;
    this.#refusal = { position, reason };
    this.#options.logger.warn({ position: position.toString(), reason }, 'a change was refused');
    this.#schedule.want();
    this.#schedule.postpone(REFUSED_RETRY_MS.base + this.#refusals.next());
    this.#options.settled();
  }

  #drifted(expected: Partial<At> | undefined): void {
    this.counts.drifted += 1;
    const { position, digest } = this.#options.handler.at();
    const fields = { expected: printable(expected), applied: printable({ position, digest }) };
    this.#options.logger.warn(fields, 'the digest differs: all settings are fetched anew');
    this.#schedule.want({ snapshot: true });
    this.#schedule.postpone(this.#drifts.next());
    this.#options.settled();
  }

  #failed(reason: string, snapshot: boolean): void {
    this.counts.syncs.failed += 1;
    if (reason !== this.#failure) this.#options.logger.warn({ reason }, 'a sync failed, it will be repeated');
    this.#failure = reason;
    this.#schedule.want({ snapshot });
    this.#schedule.postpone(this.#failures.next());
  }

  #guarded(handle: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = handle().catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the node failed to apply what the feed brought');
      return {
        refused: `it could not be applied: ${error instanceof Error ? error.message : String(error)}`,
      };
    });
    this.#applying = outcome;
    return outcome;
  }
}

function printable({ position, ...rest }: Partial<At> = {}): object {
  return { ...rest, position: position?.toString() };
}
