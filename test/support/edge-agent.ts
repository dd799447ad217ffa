import { eventually } from './condition.js';
import { freePorts } from './ports.js';
import { Program } from './program.js';

/** An edge agent as a process of its own. */
export class EdgeAgent {
  #program: Program;

  private constructor(
    readonly env: Readonly<Record<string, string>>,
    readonly edge: string,
    readonly health: string,
  ) {
    this.#program = this.#spawn();
  }

  /** `data` is its own folder, or the one it had before. */
  static async start(
    node: string,
    natsUrl: string,
    data: string,
    env: Record<string, string> = {},
  ): Promise<EdgeAgent> {
    const [edgePort, agentPort] = await freePorts(2);
    const edge = `127.0.0.1:${edgePort}`;
    const health = `127.0.0.1:${agentPort}`;
    return new EdgeAgent(
      {
        UPGATE_NODE: node,
        UPGATE_NATS: natsUrl,
        UPGATE_DATA: data,
        UPGATE_EDGE: edge,
        UPGATE_AGENT_HTTP: health,
        ...env,
      },
      edge,
      `http://${health}`,
    );
  }

  get program(): Program {
    return this.#program;
  }

  /** Waits until it enforces a policy, from its disk or from the feed. */
  async ready(): Promise<void> {
    await eventually('the agent to be ready', async () => {
      if (!this.#program.running) throw new Error(`it has ended:\n${this.#program.said}`);
      return (await fetch(`${this.health}/readyz`)).ok;
    });
  }

  restart(): void {
    this.#program = this.#spawn();
  }

  #spawn(): Program {
    return new Program('apps/edge-agent/src/main.js', this.env);
  }
}
