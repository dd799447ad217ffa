import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { text } from 'node:stream/consumers';
import type { Edge } from './cluster.js';
import type { Observation, Outcome } from './history.js';

const PATIENCE_MS = 2_000;
const PAUSE_MS = 10;

/** Looks at a node all the time, one look after the other: a handshake for each host, then what it says of itself. */
export class Watch {
  readonly observations: Observation[] = [];

  constructor(
    private readonly edge: Edge,
    private readonly hosts: readonly string[],
    private readonly origins: ReadonlyMap<string, string>,
  ) {}

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      for (const host of this.hosts) {
        await this.#look(async () => ({ kind: 'handshake', host, outcome: await this.#handshake(host) }));
        await delay(PAUSE_MS);
      }
      await this.#look(() => this.#report());
    }
  }

  /** A look that fails, or during which the process was another, says nothing. */
  async #look(take: () => Promise<Seen>): Promise<void> {
    const { name, process } = this.edge;
    const { incarnation } = process;
    const since = performance.now();
    const seen = await take().catch(() => undefined);
    if (!seen || incarnation !== process.incarnation) return;
    this.observations.push({ ...seen, node: name, incarnation, since, at: performance.now() });
  }

  async #handshake(host: string): Promise<Outcome> {
    const socket = new WebSocket(`ws://${this.edge.proxy}/`, {
      headers: { host },
      handshakeTimeout: PATIENCE_MS,
    });
    try {
      return await this.#outcomeOf(socket);
    } finally {
      socket.terminate();
    }
  }

  #outcomeOf(socket: WebSocket): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error('no answer')), PATIENCE_MS);
      socket.once('message', (greeting: Buffer) => resolve(this.#openOf(greeting.toString())));
      socket.once('unexpected-response', (_request, response) => {
        text(response)
          .then((body) => resolve(refusalOf(response.statusCode, body)))
          .catch(reject);
      });
      socket.on('error', reject);
      socket.once('close', () => {
        clearTimeout(patience);
        reject(new Error('closed'));
      });
    });
  }

  #openOf(greeting: string): Outcome {
    return `open ${this.origins.get(greeting) ?? greeting}`;
  }

  async #report(): Promise<Seen> {
    const response = await fetch(`${this.edge.health}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const metrics = await response.text();
    const { epoch = '', digest = '' } = /policy_info\{epoch="(?<epoch>[^"]*)",digest="(?<digest>[^"]*)"/.exec(
      metrics,
    )!.groups!;
    return {
      kind: 'report',
      epoch,
      digest,
      position: BigInt(valueOf(metrics, 'position')),
      unsaved: valueOf(metrics, 'unsaved') === '1',
    };
  }
}

type Seen = Observation extends infer One
  ? One extends unknown
    ? Omit<One, 'node' | 'incarnation' | 'since' | 'at'>
    : never
  : never;

function refusalOf(status: number | undefined, body: string): Outcome {
  if (status !== 421 && status !== 403) throw new Error(`${status}: nothing was decided`);
  const { code, resource, position } = JSON.parse(body) as {
    code: string;
    resource: string;
    position: string;
  };
  if (code === 'host_moved') throw new Error('the host moved meanwhile: nothing was decided');
  if (status === 421) return 'unknown';
  return `refused ${resource} ${position}`;
}

function valueOf(metrics: string, name: string): string {
  const value = new RegExp(`^upgate_edge_${name} (.*)$`, 'm').exec(metrics)?.[1];
  if (value === undefined) throw new Error(`the agent has no metric upgate_edge_${name}`);
  return value;
}
