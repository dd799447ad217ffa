import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConvergenceJson, EdgeJson } from '#contract';
import { FeedClient, requestConvergence, subjectsOf, type FeedConnection } from '#edge-feed';
import { decodeSnapshot, SettingsTable } from '#settings';
import { eventually } from '../../../../test/support/condition.js';
import { ProjectionRig } from '../../../../test/support/projection-rig.js';

/** An edge with a table and nothing behind it. */
class Node {
  readonly connection: FeedConnection;
  readonly client: FeedClient;
  #table = new SettingsTable();
  #at = { epoch: '', position: 0n };
  /** Why it refuses every change. */
  refusal: string | undefined;

  constructor(rig: ProjectionRig, name: string) {
    this.connection = rig.connect(name);
    this.client = new FeedClient({
      connection: this.connection,
      fleet: rig.config.fleet,
      description: { node: name, region: 'eu', ring: 'one', version: '1.2.3', enforcer: 'none' },
      handler: {
        at: () => ({ ...this.#at, digest: this.#table.digest }),
        applyChange: async ({ epoch, position, changes, digest }) => {
          if (this.refusal !== undefined) return { refused: this.refusal };
          this.#table.apply(changes);
          this.#at = { epoch, position };
          return this.#table.digest === digest ? 'applied' : 'drifted';
        },
        applySnapshot: async (bytes) => {
          if (this.refusal !== undefined) return { refused: this.refusal };
          const { epoch, position, table } = await decodeSnapshot(bytes);
          this.#table = table;
          this.#at = { epoch, position };
          return 'applied';
        },
      },
      vitals: () => ({ openConnections: 3 }),
      logger: rig.logger,
    });
  }

  get table(): SettingsTable {
    return this.#table;
  }

  /** Loses a setting, and does not know. */
  lose(resource: string): void {
    this.#table.apply([{ resource, position: this.#at.position, removed: true }]);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.connection.close();
  }
}

let rig: ProjectionRig;

beforeAll(async () => {
  rig = await ProjectionRig.launch();
});

afterAll(() => rig.dispose());

async function convergence(position: bigint, timeout = '15s'): Promise<ConvergenceJson> {
  const { body } = await rig.get(`/v1/convergence/${position}?timeout=${timeout}`);
  return body as ConvergenceJson;
}

async function edge(node: string): Promise<EdgeJson | undefined> {
  const { body } = await rig.get('/v1/edges');
  return (body as { items: EdgeJson[] }).items.find((one) => one.node === node);
}

describe('the edges', () => {
  it('are none: nobody enforces anything, and a command is pending', async () => {
    const { position } = await rig.log.create('chat');
    expect(await convergence(position, '10ms')).toEqual({
      position: position.toString(),
      status: 'pending',
      required: 0,
      applied: 0,
      refused: [],
      missing: [],
      stale: 0,
      gone: 0,
    });
  });

  it('get every setting and acknowledge it, over HTTP and over the feed', async () => {
    const node = new Node(rig, 'edge-1');
    const { position } = await rig.log.disable('chat');
    expect(await convergence(position)).toMatchObject({
      status: 'applied',
      required: 1,
      applied: 1,
      missing: [],
    });
    expect(node.table.match('chat.example.com')).toMatchObject({ websockets: { enabled: false } });
    expect(await edge('edge-1')).toMatchObject({
      region: 'eu',
      ring: 'one',
      state: 'live',
      position: position.toString(),
      digest: node.table.digest,
      verdict: 'same',
      lag: { changes: 0, seconds: 0 },
      enforcer: 'none',
      version: '1.2.3',
      openConnections: 3,
    });
    const command = rig.connect('command');
    await eventually('the command side is connected', () => command.connected);
    expect(await requestConvergence(command, rig.config.fleet, position, 5_000)).toMatchObject({
      status: 'applied',
      required: 1,
    });
    await command.close();
    await node.close();
  });

  it('acknowledge a position at which no setting changed', async () => {
    const node = new Node(rig, 'edge-1');
    const { position } = await rig.log.append('chat', {
      type: 'CommandHadNoEffect',
      data: { command: 'any' },
    });
    expect(await convergence(position)).toMatchObject({ status: 'applied', required: 1 });
    await node.close();
  });

  it('are not waited for once they have left, and forgotten on request only', async () => {
    await eventually('the node has left', async () => (await edge('edge-1'))?.state === 'gone');
    expect(await convergence(1n, '1ms')).toMatchObject({ status: 'pending', required: 0, gone: 1 });
    expect((await rig.fetch('/v1/edges/edge-1', { method: 'DELETE' })).status).toBe(204);
    expect(await edge('edge-1')).toBeUndefined();
    const again = await rig.fetch('/v1/edges/edge-1', { method: 'DELETE' });
    expect(await again.json()).toMatchObject({ status: 404, code: 'edge_unknown' });
  });

  it('say why they refuse a change', async () => {
    const node = new Node(rig, 'edge-2');
    await eventually('the node is there', async () => (await edge('edge-2'))?.verdict === 'same');
    node.refusal = 'no such origin';
    const { position } = await rig.log.create('refused');
    await eventually('the refusal is heard', async () => (await edge('edge-2'))?.error);
    const { refused, ...rest } = await convergence(position, '1ms');
    expect(rest).toMatchObject({ status: 'pending', required: 1, applied: 0, missing: [] });
    expect(refused.map(({ node: name }) => name)).toEqual(['edge-2']);
    expect(refused[0]?.error).toMatch('no such origin');
    await node.close();
  });

  it('are waited for after a restart that they do not know of', async () => {
    const node = new Node(rig, 'edge-3');
    await eventually('the node is there', async () => (await edge('edge-3'))?.verdict === 'same');
    await rig.nats.stop();
    await rig.stop();
    await rig.start();
    const { position } = await rig.log.enable('chat');
    expect(await convergence(position, '50ms')).toMatchObject({
      status: 'pending',
      required: 1,
      missing: ['edge-3'],
    });
    await rig.nats.start();
    expect(await convergence(position)).toMatchObject({ status: 'applied', required: 1 });
    expect(node.table.match('chat.example.com')).toMatchObject({ websockets: { enabled: true } });
    await node.close();
  });

  it('that join late have every setting, the same as the control plane', async () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `late-${index}`);
    await Promise.all(names.map((name) => rig.log.create(name)));
    const position = await rig.store.head();
    const node = new Node(rig, 'edge-late');
    expect(await convergence(position, '30s')).toMatchObject({ status: 'applied', required: 1 });
    expect(names.filter((name) => node.table.get(name) === undefined)).toEqual([]);
    expect(await edge('edge-late')).toMatchObject({ verdict: 'same', digest: node.table.digest });
    await node.close();
  });

  it('that share a name have applied only what all of them have', async () => {
    const nodes = [new Node(rig, 'edge-twin'), new Node(rig, 'edge-twin')];
    await eventually('both are there', async () => (await edge('edge-twin'))?.instances === 2);
    expect(await (await rig.fetch('/metrics')).text()).toContain('\nupgate_projection_edges_shared 1');
    nodes[0]!.refusal = 'not I';
    const { position } = await rig.log.disable('chat');
    await eventually('the refusal is heard', async () => (await edge('edge-twin'))?.error);
    expect(await convergence(position, '1ms')).toMatchObject({ status: 'pending', required: 1, applied: 0 });
    nodes[0]!.refusal = undefined;
    expect(await convergence(position)).toMatchObject({ status: 'applied', required: 1 });
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('that have drifted say so before the third head, and do not count until they have mended', async () => {
    const node = new Node(rig, 'edge-drift');
    const position = await rig.store.head();
    expect(await convergence(position)).toMatchObject({ status: 'applied', required: 1 });
    let heads = 0;
    const heard = node.connection.subscribe(subjectsOf(rig.config.fleet).head, () => (heads += 1));
    node.refusal = 'no snapshot now';
    node.lose('chat');
    await eventually('the drift is told', async () => (await edge('edge-drift'))?.verdict === 'differs');
    expect(heads).toBeLessThan(3);
    heard.unsubscribe();
    expect(await convergence(position, '1ms')).toMatchObject({ status: 'pending', required: 1, applied: 0 });
    expect(await (await rig.fetch('/metrics')).text()).toContain(
      '\nupgate_projection_edges_drifted_total 1\n',
    );
    node.refusal = undefined;
    expect(await convergence(position)).toMatchObject({ status: 'applied', required: 1 });
    expect(node.table.get('chat')).toBeDefined();
    await node.close();
  });

  it('are all waited for again after the feed was away, even one that has vanished meanwhile', async () => {
    const nodes = [new Node(rig, 'edge-back'), new Node(rig, 'edge-lost')];
    const position = await rig.store.head();
    await eventually('both are there', async () => (await convergence(position, '1ms')).applied === 2);
    await rig.nats.stop();
    await nodes[1]!.connection.close();
    await eventually('nothing is known', async () => (await convergence(position, '1ms')).applied === 0);
    await rig.nats.start();
    await eventually('one is back', async () => (await convergence(position, '1ms')).applied === 1);
    expect(await convergence(position, '1ms')).toMatchObject({
      status: 'pending',
      required: 2,
      missing: ['edge-lost'],
    });
    expect((await rig.fetch('/v1/edges/edge-lost', { method: 'DELETE' })).status).toBe(204);
    expect(await convergence(position)).toMatchObject({ status: 'applied', required: 1 });
    await Promise.all(nodes.map((node) => node.close()));
  });

  it('are shown in the stream', async () => {
    const reader = new AbortController();
    const response = await rig.fetch('/v1/stream', { signal: reader.signal });
    const node = new Node(rig, 'edge-4');
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('"verdict":"same"')) break;
    }
    expect(text).toMatch(/event: edge\ndata: \{"node":"edge-4".*"state":"live".*"verdict":"same"/);
    reader.abort();
    await node.close();
  });
});
