export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

interface PolicySaverOptions {
  logger: Log;
  retryMs: number;
  /** Saves the whole policy as it is when its turn comes. */
  saveWhole: () => Promise<void>;
}

/** A node whose disk is full still obeys: what cannot be saved is said, and the whole policy is tried again by itself. */
export class PolicySaver {
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  #error: string | undefined;
  #failures = 0;

  constructor(private readonly options: PolicySaverOptions) {}

  /** Why the policy on disk is not the one enforced; undefined when it is. */
  get error(): string | undefined {
    return this.#error;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Never throws. Leaves it to the retry while there is one, since only the whole policy will do then. */
  async save(write: () => Promise<void>): Promise<void> {
    if (this.#error !== undefined) return;
    try {
      await write();
    } catch (error) {
      this.#failed(error);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    this.#error = `last good policy not saved: ${error instanceof Error ? error.message : String(error)}`;
    this.options.logger.error({ failures: this.#failures }, this.#error);
    if (!this.#stopped) this.#retry = setTimeout(() => void this.#saveWhole(), this.options.retryMs).unref();
  }

  async #saveWhole(): Promise<void> {
    try {
      await this.options.saveWhole();
      this.#error = undefined;
      this.options.logger.info({}, 'last good policy saved again');
    } catch (error) {
      this.#failed(error);
    }
  }
}
