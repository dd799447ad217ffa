import { EMPTY_DIGEST, SettingsTable, type Snapshot } from '#settings';
import { reversed, undo } from './active-policy-diff.js';
import { judgeChange, judgeSnapshot, type PolicyPosition, type Refusal } from './active-policy-judge.js';
import { PolicySaver, type Log } from './active-policy-saver.js';
import type { Enforcer } from './enforcer.js';
import type { LastGood } from './last-good.js';
import type { AcceptedChange } from './last-good-journal.js';

/** `drifted`: applying the change would not give the digest it names, so nothing was applied. */
export type Outcome = 'applied' | 'drifted' | Refusal;

interface ActivePolicyOptions {
  enforcer: Enforcer;
  lastGood: LastGood;
  logger: Log;
  /** Milliseconds until a save that failed is tried again. */
  saveRetryMs: number;
}

/**
 * The policy that a node enforces. Each change and each snapshot is a transaction, one at a time: validated, enforced
 * and saved before it is acknowledged; or refused, with everything as it was.
 */
export class ActivePolicy {
  readonly #enforcer: Enforcer;
  readonly #lastGood: LastGood;
  readonly #logger: Log;
  readonly #saver: PolicySaver;
  #table = new SettingsTable();
  #at: PolicyPosition = { epoch: '', position: 0n, digest: EMPTY_DIGEST };
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ enforcer, lastGood, logger, saveRetryMs }: ActivePolicyOptions) {
    this.#enforcer = enforcer;
    this.#lastGood = lastGood;
    this.#logger = logger;
    const saveWhole = () => this.#inTurn(() => lastGood.saveWhole({ ...this.#at, table: this.#table }));
    this.#saver = new PolicySaver({ logger, retryMs: saveRetryMs, saveWhole });
  }

  at(): PolicyPosition {
    return this.#at;
  }

  /** The number of resources in it. */
  get size(): number {
    return this.#table.size;
  }

  /** Why the policy on disk is not the one enforced; undefined when it is. */
  get saveError(): string | undefined {
    return this.#saver.error;
  }

  get saveFailures(): number {
    return this.#saver.failures;
  }

  /** Enforces what was found on disk. */
  restore(policy: Snapshot): Promise<Outcome> {
    return this.#inTurn(() => this.#replace(policy, async () => {}));
  }

  applyChange(change: AcceptedChange): Promise<Outcome> {
    return this.#inTurn(() => this.#applyChange(change));
  }

  applySnapshot(bytes: Buffer): Promise<Outcome> {
    return this.#inTurn(() => this.#applySnapshot(bytes));
  }

  /** Ends when what is under way has ended. The enforcer goes on with what it has. */
  async close(): Promise<void> {
    this.#saver.stop();
    await this.#inTurn(() => this.#lastGood.close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #applyChange(change: AcceptedChange): Promise<Outcome> {
    const judged = judgeChange(this.#at, this.#table, change);
    if (judged === undefined) return 'applied';
    return 'refused' in judged ? judged : this.#take(judged);
  }

  /** The table changes in one step, so that an enforcer which reads it never sees half a change. */
  async #take(change: AcceptedChange): Promise<Outcome> {
    const { epoch, position, digest, changes } = change;
    const diffs = this.#table.apply(changes);
    if (this.#table.digest !== digest) {
      undo(this.#table, diffs);
      return 'drifted';
    }
    const failure = await this.#attempt(
      () => this.#enforcer.apply(diffs, this.#table),
      () => {
        undo(this.#table, diffs);
        return this.#enforcer.apply(reversed(diffs), this.#table);
      },
    );
    if (failure !== undefined) return { refused: failure };
    const policy = { epoch, position, table: this.#table };
    await this.#saver.save(() => this.#lastGood.saveChange(change, policy));
    this.#at = { epoch, position, digest };
    this.#logger.info({ epoch, position, changes: changes.length }, 'change applied');
    return 'applied';
  }

  async #applySnapshot(bytes: Buffer): Promise<Outcome> {
    await using draft = this.#lastGood.draft(bytes);
    const judged = await judgeSnapshot(this.#at, bytes);
    return 'refused' in judged ? judged : await this.#replace(judged, () => draft.keep());
  }

  async #replace({ epoch, position, table }: Snapshot, save: () => Promise<void>): Promise<Outcome> {
    const failure = await this.#attempt(
      () => this.#enforcer.replace(this.#table, table),
      () => this.#enforcer.replace(table, this.#table),
    );
    if (failure !== undefined) return { refused: failure };
    this.#table = table;
    await this.#saver.save(save);
    this.#at = { epoch, position, digest: table.digest };
    this.#logger.info({ epoch, position, resources: table.size }, 'policy replaced');
    return 'applied';
  }

  /** Why the enforcer would not take it, when it is back at what it enforced before. */
  async #attempt(enforce: () => Promise<void>, goBack: () => Promise<void>): Promise<string | undefined> {
    try {
      await enforce();
      return undefined;
    } catch (error) {
      return goBack().then(
        () => messageOf(error),
        (another: unknown) => `${messageOf(error)}; going back failed too: ${messageOf(another)}`,
      );
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
