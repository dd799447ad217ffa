import { availableParallelism } from 'node:os';
import { Remote, type Methods } from './remote.js';

/**
 * As many processes of one kind as there are processors, which share the nodes of a row: a single one would be what is
 * measured.
 */
export class Remotes<M extends Methods<M>> {
  readonly #remotes: Remote<M>[];

  constructor(module: string, stack: AsyncDisposableStack) {
    this.#remotes = Array.from({ length: availableParallelism() }, () => stack.use(new Remote<M>(module)));
  }

  /** Calls each of them; resolves with the answer of each. */
  all<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
  ): Promise<Awaited<ReturnType<M[K]>>[]> {
    return Promise.all(this.#remotes.map((remote) => remote.call(method, argument)));
  }

  /** The same, with each one's share of `count`, and which of them it is. */
  share<K extends keyof M & string>(
    method: K,
    count: number,
    argument: (share: { count: number; process: number }) => Parameters<M[K]>[0],
  ): Promise<Awaited<ReturnType<M[K]>>[]> {
    const shareOf = (process: number) => Math.floor((count + process) / this.#remotes.length);
    return Promise.all(
      this.#remotes.map((remote, process) =>
        remote.call(method, argument({ count: shareOf(process), process })),
      ),
    );
  }
}
