import type { Msg } from '@nats-io/transport-node';
import { MessageInvalid, type FeedMessage } from '#contract';
import type { FeedLog } from './log.js';

const LOG_EVERY_MS = 1_000;

/** Reads what comes in; what is not a message is counted, and logged now and then. */
export class Incoming {
  malformed = 0;
  #quietUntil = 0;

  constructor(private readonly logger: FeedLog) {}

  /** Undefined if it is malformed; `refused` hears why. */
  read<T>(
    kind: FeedMessage<T>,
    { subject, data }: Pick<Msg, 'subject' | 'data'>,
    refused?: (reason: string) => void,
  ): T | undefined {
    try {
      return kind.parse(data);
    } catch (error) {
      if (!(error instanceof MessageInvalid)) throw error;
      this.refuse(subject, error.message);
      refused?.(error.message);
      return undefined;
    }
  }

  refuse(subject: string, reason: string): void {
    this.malformed += 1;
    if (performance.now() < this.#quietUntil) return;
    this.#quietUntil = performance.now() + LOG_EVERY_MS;
    this.logger.warn({ subject, reason, malformed: this.malformed }, 'a malformed message was ignored');
  }
}
