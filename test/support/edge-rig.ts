import { BuiltinEnforcer } from '#enforcer';
import { removalOf, SettingsTable, type SettingsChange, type SettingsEntry } from '#settings';

type Timeouts = Parameters<typeof BuiltinEnforcer.listen>[0]['timeouts'];

const TIMEOUTS: Timeouts = { connectMs: 5_000, handshakeMs: 10_000, httpIdleMs: 60_000 };
const KEEP = { mode: 'keep' } as const;

export interface Settings {
  hostnames?: string[];
  origin?: string;
  enabled?: boolean;
  openConnections?: SettingsEntry['websockets']['openConnections'];
}

/** The built-in proxy on a port of its own, with settings applied as an agent would. */
export class EdgeRig {
  readonly lines: Record<string, unknown>[] = [];
  readonly decisions: string[] = [];
  readonly table = new SettingsTable();
  #position = 0n;
  #enforcer: BuiltinEnforcer | undefined;

  static async start(timeouts: Partial<Timeouts> = {}): Promise<EdgeRig> {
    const rig = new EdgeRig();
    const note = (fields: object, message: string) => void rig.lines.push({ ...fields, message });
    rig.#enforcer = await BuiltinEnforcer.listen({
      host: '127.0.0.1',
      port: 0,
      timeouts: { ...TIMEOUTS, ...timeouts },
      logger: { info: note, warn: note },
      onDecision: (decision) => rig.decisions.push(decision),
    });
    return rig;
  }

  get enforcer(): BuiltinEnforcer {
    if (!this.#enforcer) throw new Error('the rig has not started');
    return this.#enforcer;
  }

  /** `host:port` of the proxy. */
  get edge(): string {
    const { host, port } = this.enforcer.address();
    return `${host}:${port}`;
  }

  /** Changes a resource, or creates it with WebSockets on. Returns the position of the change. */
  async set(resource: string, settings: Settings): Promise<bigint> {
    await this.apply([this.entry(resource, settings)]);
    return this.#position;
  }

  async remove(...resources: string[]): Promise<void> {
    await this.apply(resources.map((resource) => removalOf(this.table.get(resource)!, this.#next())));
  }

  async apply(changes: SettingsChange[]): Promise<void> {
    await this.enforcer.apply(this.table.apply(changes), this.table);
  }

  /** What a change of these settings makes of the resource's entry. */
  entry(resource: string, { hostnames, origin, ...policy }: Settings): SettingsEntry {
    const position = this.#next();
    const before = this.table.get(resource) ?? {
      hostnames: [`${resource}.test`],
      origin: 'http://127.0.0.1:9',
      websockets: { enabled: true, openConnections: KEEP, position },
    };
    return {
      resource,
      position,
      hostnames: hostnames ?? before.hostnames,
      origin: origin ?? before.origin,
      websockets: {
        ...before.websockets,
        ...policy,
        ...(Object.keys(policy).length > 0 && { position }),
      },
    };
  }

  async stop(): Promise<void> {
    await this.#enforcer?.close();
  }

  #next(): bigint {
    this.#position += 1n;
    return this.#position;
  }
}
