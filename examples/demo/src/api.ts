import type { CommandAnswerJson, ProblemJson } from '#contract';

const PATIENCE_MS = 10_000;

/** Something that the demo cannot go on with: the message is for the user. */
export class DemoStopped extends Error {}

/** Upgate's HTTP interface, as far as the demo needs it. */
export class Api {
  constructor(private readonly address: string) {}

  /** Registers the resource, or gives it its new origin if an earlier demo has registered it. */
  async register(id: string, cname: string, origin: string): Promise<CommandAnswerJson> {
    const resource = { id, cname, origin, integration: 'full' };
    const created = await this.call('POST', '/v1/resources', resource);
    if (created.status === 409) return this.command('PATCH', `/v1/resources/${id}`, { origin });
    return this.accepted(created);
  }

  /** Sends a command; answers when every live edge node has applied it. */
  async command(method: string, path: string, body?: object): Promise<CommandAnswerJson> {
    return this.accepted(await this.call(method, path, body));
  }

  private async accepted(response: Response): Promise<CommandAnswerJson> {
    if (response.ok) return (await response.json()) as CommandAnswerJson;
    const problem = (await response.json()) as ProblemJson;
    throw new DemoStopped(`Upgate refused (${response.status} ${problem.code}): ${problem.detail}`);
  }

  private async call(method: string, path: string, body?: object): Promise<Response> {
    try {
      return await fetch(`http://${this.address}${path}?wait=applied&timeout=5s`, {
        method,
        headers: { 'upgate-actor': 'demo', ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch (error) {
      throw new DemoStopped(
        `Upgate does not answer at ${this.address}. Start it first, in another terminal: npm start`,
        { cause: error },
      );
    }
  }
}
