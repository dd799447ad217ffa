import { ServerInterceptingCall, status as Grpc, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { requestIdOf } from './http-app.js';
import { withoutSecrets } from './logger.js';

const HEALTH = '/grpc.health.v1.Health/';
const OURS: ReadonlySet<Grpc> = new Set([Grpc.UNKNOWN, Grpc.INTERNAL, Grpc.UNAVAILABLE, Grpc.DATA_LOSS]);

/**
 * One line per call at its end, with the last position that it answered with, also when the client has not waited for it.
 * A call without an id is given one.
 */
export function grpcLog(logger: Logger): ServerInterceptor {
  const calls = withoutSecrets(logger);
  return ({ path, responseStream }, call) => {
    const line = new CallLine(calls, path, call.getConnectionInfo().remoteAddress);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => proceed(line.identify(metadata)),
          onReceiveHalfClose: (proceed) => {
            if (!responseStream) line.awaitAnswer();
            proceed();
          },
          onCancel: () => line.cancel(),
        }),
      sendMessage: (message: unknown, next) => {
        line.answer(message);
        next(message);
      },
      sendStatus: (status, next) => {
        line.end(status.code);
        next(status);
      },
    });
  };
}

class CallLine {
  readonly #begun = performance.now();
  #requestId: string | undefined;
  #position: unknown;
  #awaitsAnswer = false;
  #cancelled = false;
  #ended = false;

  constructor(
    private readonly logger: Logger,
    private readonly method: string,
    private readonly remote: string | undefined,
  ) {}

  identify(metadata: Metadata): Metadata {
    this.#requestId = requestIdOf(metadata.get('x-request-id')[0]);
    metadata.set('x-request-id', this.#requestId);
    return metadata;
  }

  answer(message: unknown): void {
    if (typeof message === 'object' && message !== null && 'position' in message)
      this.#position = message.position;
    if (this.#cancelled) this.end(Grpc.CANCELLED);
  }

  /** The handler is at work, and will answer once: even if nobody waits for it any more, it may have a position. */
  awaitAnswer(): void {
    this.#awaitsAnswer = true;
  }

  cancel(): void {
    this.#cancelled = true;
    if (!this.#awaitsAnswer) this.end(Grpc.CANCELLED);
  }

  /** A call that was cancelled may end a second time. */
  end(status: Grpc): void {
    if (this.#ended) return;
    this.#ended = true;
    const code = this.#cancelled ? Grpc.CANCELLED : status;
    const level = OURS.has(code) ? 'warn' : this.method.startsWith(HEALTH) ? 'trace' : 'info';
    this.logger[level](
      {
        requestId: this.#requestId,
        method: this.method,
        status: Grpc[code],
        ms: Math.round((performance.now() - this.#begun) * 10) / 10,
        position: this.#position,
        remote: this.remote,
      },
      'call',
    );
  }
}
