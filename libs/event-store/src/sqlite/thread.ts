import { on, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { StoreCorrupt, StoreUnavailable } from '../event-store.js';
import type {
  Commit,
  Failed,
  FromThread,
  Numbered,
  Opened,
  ThreadData,
  ToThread,
  Verified,
} from './protocol.js';

/** From the sources (run by Node's own type stripping) as well as from the build. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Requests that are sent before the turn of the event loop ends, so that the thread works while more of them come in. */
const BUNDLE = 32;

/** Hears what a thread tells without being asked. */
export interface ThreadListener {
  onVerified?: (progress: Verified) => void;
  onCommit?: (commit: Commit) => void;
}

interface Waiting<Reply> {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

/** One thread of the log. Every request to it is answered, if need be by the news that the thread has ended. */
export class LogThread<Request extends object, Reply extends object> {
  readonly #waiting = new Map<number, Waiting<Reply>>();
  #unsent: Numbered<Request>[] = [];
  #number = 0;
  #ended: StoreUnavailable | undefined;

  private constructor(
    private readonly worker: Worker,
    readonly epoch: string,
    private readonly listener: ThreadListener,
  ) {
    worker.on('message', (message: FromThread<Reply>) => this.#take(message));
    worker.on('error', ({ message }: Error) =>
      this.#end(`a thread of the event log has failed, start the program again: ${message}`),
    );
    worker.on('exit', () => this.#end('the event log has been closed'));
  }

  /** Starts a thread and waits until it has the file open. Throws StoreCorrupt or StoreUnavailable. */
  static async start<Request extends object, Reply extends object>(
    name: 'writer' | 'reader',
    file: string,
    listener: ThreadListener,
  ): Promise<LogThread<Request, Reply>> {
    const worker = new Worker(new URL(`./${name}.${EXTENSION}`, import.meta.url), {
      workerData: { file } satisfies ThreadData,
      name: `log-${name}`,
    });
    const opened = await untilOpened(worker, listener);
    if (!('failure' in opened)) return new LogThread<Request, Reply>(worker, opened.epoch, listener);
    await worker.terminate();
    throw asError(opened);
  }

  /** Throws StoreCorrupt or StoreUnavailable in place of a failure. */
  request(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const number = ++this.#number;
      this.#waiting.set(number, { resolve, reject });
      const unsent = this.#unsent.push({ ...request, number });
      if (unsent === 1) setImmediate(() => this.#send());
      if (unsent === BUNDLE) this.#send();
    });
  }

  /** Requests that come in one turn of the event loop go in bundles: each message costs, however little it holds. */
  #send(): void {
    if (this.#unsent.length > 0) this.worker.postMessage(this.#unsent satisfies ToThread<Request>);
    this.#unsent = [];
  }

  /** Requests that were sent before are still answered. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const exited = once(this.worker, 'exit');
    this.#send();
    this.worker.postMessage('close' satisfies ToThread<Request>);
    await exited;
  }

  #take({ replies, commit }: FromThread<Reply>): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.number);
      this.#waiting.delete(reply.number);
      if (hasFailed(reply)) waiting?.reject(asError(reply));
      else waiting?.resolve(reply);
    }
    if (commit) this.listener.onCommit?.(commit);
  }

  #end(message: string): void {
    this.#ended ??= new StoreUnavailable(message);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

async function untilOpened(worker: Worker, { onVerified }: ThreadListener): Promise<Opened> {
  for await (const [message] of on(worker, 'message') as AsyncIterable<[Opened | Verified]>) {
    if (!('verified' in message)) return message;
    onVerified?.(message);
  }
  throw new StoreUnavailable('the event log has been closed');
}

function hasFailed(reply: object): reply is Failed {
  return 'failure' in reply;
}

function asError({ failure: { kind, message } }: Failed): StoreCorrupt | StoreUnavailable {
  return kind === 'corrupt' ? new StoreCorrupt(message) : new StoreUnavailable(message);
}
