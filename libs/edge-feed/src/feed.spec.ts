import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  chunkAnswerMessage,
  chunkRequestMessage,
  changeMessage,
  headMessage,
  syncAnswerMessage,
  syncRequestMessage,
} from '#contract';
import { callRoll, requestConvergence, serveConvergence, type FeedConnection } from '#edge-feed';
import { eventually } from '../../../test/support/condition.js';
import { FoldedLog, TableNode } from '../../../test/support/feed.js';
import { caughtUp, FeedRig, FLEET, subjects } from '../../../test/support/feed-rig.js';
import { toMessage, type FeedChange } from './messages.js';
import { MAX_LEASES } from './snapshot-offers.js';

let rig: FeedRig;
let log: FoldedLog;

beforeEach(async () => {
  rig = await FeedRig.launch();
  log = new FoldedLog('epoch-1');
  log.set('shop');
});

afterEach(() => rig.stop());

/** Hostnames whose bytes alone fit into a message, but not with what frames them. */
function fillOneMessage(into: FoldedLog): void {
  const label = 'x'.repeat(63);
  for (let resource = 10; resource < 20; resource += 1) {
    const hostnames = Array.from(
      { length: 500 },
      (_, at) => `${resource}${at + 100}.${label}.${label}.${label}`,
    );
    into.set(`r${resource}`, { hostnames });
  }
}

function breakChanges(of: FoldedLog): void {
  of.set('blog');
  of.changesSince = () => {
    throw new Error('the changes are broken');
  };
}

describe('a node that joins', () => {
  it('fetches everything as a snapshot when it has nothing', async () => {
    rig.replica(log);
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    expect(node.handler.table.get('shop')).toEqual(log.table.get('shop'));
    expect(node.client.state.counts.syncs.snapshot).toBe(1);
  });

  it('fetches a snapshot of many chunks whole', async () => {
    log.append(
      ...Array.from({ length: 30_000 }, (_, index) => (position: bigint) => ({
        resource: crypto.randomUUID(),
        position,
        hostnames: [`${index}-${crypto.randomUUID()}.example`],
        origin: 'http://127.0.0.1:1',
        websockets: { enabled: true, openConnections: { mode: 'drain' as const, seconds: 30 }, position },
      })),
    );
    expect((await log.snapshot()).bytes.length).toBeGreaterThan(1_000_000);
    rig.replica(log);
    await caughtUp(rig.node('edge-1'), log);
  });

  it('asks what followed on a snapshot while it takes that', async () => {
    const { publisher } = rig.replica(log);
    const first = rig.node('edge-1');
    await caughtUp(first, log);
    await first.client.close();
    log.set('blog');
    const { changes } = publisher.counts.syncs;
    const handler = new TableNode();
    const take = handler.applySnapshot.bind(handler);
    handler.applySnapshot = async (bytes) => {
      await eventually('the rest to be asked for', () => publisher.counts.syncs.changes > changes);
      return take(bytes);
    };
    const second = rig.node('edge-2', handler);
    await caughtUp(second, log);
    expect(handler.path.map(({ position }) => position)).toEqual([0n, 1n, 2n]);
    expect(second.client.state.counts.syncs).toMatchObject({ snapshot: 1, changes: 1 });
  });

  it('is at an empty log too', async () => {
    const empty = new FoldedLog('epoch-0');
    rig.replica(empty);
    const node = rig.node('edge-1');
    await caughtUp(node, empty);
    expect(node.handler.at()).toEqual(empty.head());
  });

  it('fetches only what it lacks when it has a policy from before', async () => {
    const handler = new TableNode();
    await handler.applySnapshot((await log.snapshot()).bytes);
    log.set('blog');
    log.set('shop', { enabled: false });
    rig.replica(log);
    const node = rig.node('edge-1', handler);
    await caughtUp(node, log);
    expect(node.client.state.counts.syncs).toMatchObject({ changes: 1, snapshot: 0 });
  });

  it.each([
    ['are just too much for one message', fillOneMessage],
    ['cannot be told', breakChanges],
  ])('is offered a snapshot when the changes that it lacks %s', async (_why, change) => {
    const at = log.head();
    change(log);
    rig.replica(log);
    const wire = await rig.wire();
    const answer = await eventually('an answer', () => ask(wire, 'edge-1', at));
    expect(answer).toMatchObject({ $case: 'snapshot', value: { position: log.head().position } });
  });

  it('asks again soon when a replica took its request and stopped', async () => {
    const wire = await rig.wire();
    let taken = 0;
    const stopped = wire.subscribe(subjects.sync, () => (taken += 1), 'projection');
    await wire.flush();
    const node = rig.node('edge-1');
    await eventually('the request to be taken', () => taken > 0);
    stopped.unsubscribe();
    let passed = 0;
    wire.subscribe(subjects.head, () => (passed += 1));
    rig.replica(log);
    await caughtUp(node, log);
    expect(passed).toBeLessThan(4);
  });

  it('waits for a control plane that is not there yet', async () => {
    const node = rig.node('edge-1');
    await eventually('a sync to fail', () => node.client.state.counts.syncs.failed > 0);
    expect(node.client.state.stale).toBe(true);
    rig.replica(log);
    await caughtUp(node, log);
    await eventually('a head to be heard', () => !node.client.state.stale);
  });
});

describe('a node that has joined', () => {
  it('applies every change in order and reports it', async () => {
    const { publisher, statuses } = rig.replica(log);
    const node = rig.node('edge.one');
    await caughtUp(node, log);
    const positions = Array.from({ length: 50 }, (_, index) => {
      publisher.publish(log.set(`r${index}`));
      return log.head().position;
    });
    await caughtUp(node, log);
    expect(node.handler.path.slice(-50).map(({ position }) => position)).toEqual(positions);
    const reported = await eventually('the last status', () =>
      statuses.find(({ position }) => position === log.head().position),
    );
    expect(reported).toEqual({
      ...log.head(),
      node: 'edge.one',
      instance: reported.instance,
      home: '',
      region: 'eu',
      ring: 'stable',
      version: '1',
      enforcer: 'builtin',
      openConnections: 51,
      error: '',
      leaving: false,
    });
  });

  it('asks for what it has missed when a change does not follow on', async () => {
    const { publisher } = rig.replica(log);
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    log.set('lost');
    publisher.publish(log.set('blog'));
    await caughtUp(node, log);
    expect(node.handler.table.size).toBe(3);
  });

  it('asks for what it has missed when a head says so', async () => {
    rig.replica(log);
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    log.set('lost');
    await caughtUp(node, log);
    expect(node.client.state.counts.syncs.snapshot).toBe(1);
  });

  it('is told once of what two replicas publish', async () => {
    const [one, other] = [rig.replica(log), rig.replica(log)];
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    const change = log.set('blog');
    one.publisher.publish(change);
    await eventually('the other replica to hold it back', () => {
      other.publisher.publish(change);
      return other.publisher.counts.heldBack > 0;
    });
    await caughtUp(node, log);
    expect(node.handler.path.map(({ position }) => position)).toEqual([0n, 1n, 2n]);
    expect(one.publisher.counts).toMatchObject({ published: 1, heldBack: 0 });
  });

  it('moves to another log when the epoch changes', async () => {
    const { publisher } = rig.replica(log);
    const node = rig.node('edge-1');
    log.set('blog');
    await caughtUp(node, log);
    publisher.stop();
    const restored = new FoldedLog('epoch-2');
    restored.set('restored');
    rig.replica(restored);
    await caughtUp(node, restored);
    expect([...node.handler.table.entries()].map(({ resource }) => resource)).toEqual(['restored']);
  });

  it('says that it is ahead when the same log is put back shorter, and stays where it is', async () => {
    const { publisher } = rig.replica(log);
    const node = rig.node('edge-1');
    log.set('blog');
    await caughtUp(node, log);
    publisher.stop();
    const shorter = new FoldedLog('epoch-1');
    shorter.set('shop');
    const { statuses } = rig.replica(shorter);
    await eventually('the status to tell', () => statuses.some(({ error }) => error.startsWith('ahead')));
    expect(node.client.state.ahead).toBe(true);
    expect(node.handler.at()).toEqual(log.head());
  });

  it('fetches everything anew when a change leads to another digest', async () => {
    const { publisher } = rig.replica(log);
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    publisher.publish({ ...log.set('blog'), digest: 'f'.repeat(32) });
    await caughtUp(node, log);
    expect(node.client.state.counts).toMatchObject({ drifted: 1, syncs: { snapshot: 2 } });
  });

  it('fetches everything anew when a head names another digest for its position', async () => {
    rig.replica(log);
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    node.handler.path.push({ ...log.head(), digest: 'f'.repeat(32) });
    await caughtUp(node, log);
    expect(node.client.state.counts).toMatchObject({ drifted: 1, syncs: { snapshot: 2 } });
  });
});

describe('a large fleet', () => {
  it('does not report a change all at once', async () => {
    const { publisher, statuses } = rig.replica(log, () => 5_000);
    const wire = await rig.wire();
    let passed = 0;
    wire.subscribe(subjects.head, () => (passed += 1));
    const nodes = Array.from({ length: 40 }, (_, index) => rig.node(`edge-${index}`));
    for (const node of nodes) await caughtUp(node, log);
    await eventually('a head that all have heard', () => passed > 1);

    const reports: number[] = [];
    publisher.onStatus(({ position }) => {
      if (position === log.head().position) reports.push(performance.now());
    });
    publisher.publish(log.set('blog'));
    await eventually('all to report', () => {
      const current = statuses.filter(({ position }) => position === log.head().position);
      return new Set(current.map(({ node }) => node)).size === nodes.length;
    });
    expect(reports.at(-1)! - reports[0]!).toBeGreaterThan(100);
  });
});

describe('a roll call', () => {
  it('is answered by every node, well before it would report by itself', async () => {
    const { statuses } = rig.replica(log);
    const nodes = ['edge-1', 'edge-2', 'edge-3'];
    await Promise.all(nodes.map((name) => caughtUp(rig.node(name), log)));
    const wire = await rig.wire();
    let passed = 0;
    wire.subscribe(subjects.head, () => (passed += 1));
    const settled = () => statuses.filter(({ position }) => position === log.head().position);
    await eventually('the nodes to report', () => new Set(settled().map(({ node }) => node)).size === 3);
    statuses.length = passed = 0;
    callRoll({ connection: wire, fleet: FLEET });
    await eventually('all answers', () => nodes.every((name) => statuses.some(({ node }) => node === name)));
    expect(passed).toBeLessThan(4);
  });
});

describe('a change that a node refuses', () => {
  it('is reported, not tried again and again, and forgotten when a later one is good', async () => {
    const { publisher, statuses } = rig.replica(log);
    const wire = await rig.wire();
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    node.handler.refuse.add('bad.example');
    const before = log.head();
    const bad = log.set('bad');
    publisher.publish(bad);
    const refusing = await eventually('the refusal', () => statuses.find(({ error }) => error !== ''));
    expect(refusing).toMatchObject({ error: 'bad.example is not wanted here', position: before.position });
    for (let again = 0; again < 20; again += 1) publisher.publish(bad);
    await heads(wire, 4);
    expect(node.client.state.counts.refused).toBeLessThan(6);
    expect(node.handler.at()).toEqual(before);

    publisher.publish(log.set('bad', { hostnames: ['good.example'] }));
    await caughtUp(node, log);
    expect(node.client.state.refused).toBeUndefined();
    await eventually('the status to be clean', () => statuses.at(-1)?.error === '');
  });

  it('is asked for less and less when even a sync brings what cannot be read', async () => {
    const { publisher } = rig.replica(log);
    const wire = await rig.wire();
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    const before = log.head();
    publisher.stop();
    let asked = 0;
    const answer = unreadable(log.set('blog'));
    const syncs = wire.subscribe(subjects.sync, (message) => {
      asked += 1;
      message.respond(answer);
    });
    const head = headMessage.encode({ ...log.head(), statusWithinMs: 0 });
    for (let told = 0; told < 200; told += 1) wire.publish(subjects.head, head);
    const reason = 'a sync cannot be read: the version 9 of the change is not known, only 1 is';
    await eventually('the reason', () => node.client.state.refused === reason);
    await eventually('a second question', () => {
      wire.publish(subjects.head, head);
      return asked > 1;
    });
    expect(node.client.state.counts.refused).toBeLessThan(4);
    expect(node.handler.at()).toEqual(before);
    syncs.unsubscribe();
    rig.replica(log);
    await caughtUp(node, log);
    expect(node.client.state.refused).toBeUndefined();
  });

  it('does not keep the node from the log when its handler throws', async () => {
    const { publisher } = rig.replica(log);
    const handler = new TableNode();
    const node = rig.node('edge-1', handler);
    await caughtUp(node, log);
    handler.broken = true;
    publisher.publish(log.set('blog'));
    const refused = await eventually('the failure', () => node.client.state.refused);
    expect(refused).toBe('it could not be applied: the disk is on fire');
    handler.broken = false;
    await caughtUp(node, log);
  });
});

describe('replicas that disagree', () => {
  it('say so, with both digests', async () => {
    const other = new FoldedLog('epoch-1');
    other.set('shop', { enabled: false });
    const replicas = [rig.replica(log), rig.replica(other)];
    await eventually('both to notice', () =>
      replicas.every(({ publisher }) => publisher.counts.disputed > 0),
    );
    const noted = rig.log.filter(({ message }) => message.startsWith('another replica has another digest'));
    expect(noted.map(({ fields }) => fields)).toContainEqual({
      position: '1',
      digest: log.head().digest,
      heard: other.head().digest,
    });
  });
});

describe('NATS', () => {
  it('may be killed and come back', async () => {
    const { publisher } = rig.replica(log);
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    await eventually('a head to be heard', () => !node.client.state.stale);
    await rig.nats.stop();
    await eventually('the connection to be lost', () => !node.client.state.connected);
    publisher.publish(log.set('blog'));
    await eventually('the node to be stale', () => node.client.state.stale);
    await rig.nats.start();
    await caughtUp(node, log);
    publisher.publish(log.set('news'));
    await caughtUp(node, log);
    expect(node.client.state.connected).toBe(true);
  });

  it('may be down when all others start, and they can be stopped meanwhile', async () => {
    const late = await FeedRig.reserve();
    const { publisher } = late.replica(log);
    const node = late.node('edge-1');
    publisher.publish(log.set('blog'));
    await eventually('a failed attempt', () =>
      late.log.some(({ message }) => message.startsWith('NATS cannot be reached')),
    );
    await late.connect('stopped').close();
    expect(node.client.state).toMatchObject({ connected: false, stale: true });
    await late.nats.start();
    await caughtUp(node, log);
    await late.stop();
  });
});

describe('snapshots', () => {
  it('are fetched by a bounded number of nodes at a time, the rest are told to come later', async () => {
    rig.replica(log);
    const wire = await rig.wire();
    const offers = [];
    await eventually('the replica to answer', () => ask(wire, 'n0'));
    for (let index = 0; index < MAX_LEASES; index += 1) offers.push(await ask(wire, `n${index}`));
    expect(new Set(offers.map((offer) => offer?.$case === 'snapshot' && offer.value.id)).size).toBe(1);
    expect(log.snapshotsBuilt).toBe(1);
    expect(await ask(wire, 'one-more')).toMatchObject({ $case: 'retryLater' });

    const node = rig.node('edge-1');
    await eventually('the node to be put off', () => node.client.state.counts.syncs.retryLater > 0);
    const [offer] = offers;
    if (offer?.$case !== 'snapshot') throw new Error('no snapshot was offered');
    const last = { id: offer.value.id, index: offer.value.chunks - 1, node: 'n0' };
    await wire.request(offer.value.subject, chunkRequestMessage.encode(last), 1_000);
    await caughtUp(node, log);
  });
});

describe('a snapshot that cannot be fetched', () => {
  it('is asked for again', async () => {
    const wire = await rig.wire();
    const broken = [{ id: 'gone' }, { checksum: '0'.repeat(64) }, { subject: 'upgate.other.chunk.r' }];
    const offer = {
      id: 'one',
      subject: subjects.chunk('r'),
      chunks: 1,
      bytes: 3n,
      checksum: hash('sha256', 'abc', 'hex'),
      epoch: 'epoch-1',
      position: 1n,
    };
    let asked = 0;
    const answers = wire.subscribe(subjects.sync, (message) => {
      const value = { ...offer, ...broken[asked++ % broken.length] };
      message.respond(syncAnswerMessage.encode({ answer: { $case: 'snapshot', value } }));
    });
    wire.subscribe(subjects.chunk('r'), (message) => {
      const gone = chunkRequestMessage.parse(message.data).id === 'gone';
      message.respond(chunkAnswerMessage.encode({ gone, data: Buffer.from(gone ? '' : 'abc') }));
    });
    const node = rig.node('edge-1');
    await eventually('three failures', () => node.client.state.counts.syncs.failed >= 3);
    expect(node.handler.path).toHaveLength(1);
    const reasons = rig.log.flatMap(({ fields }) => ('reason' in fields ? [String(fields.reason)] : []));
    expect(reasons).toEqual([
      'the snapshot is not on offer any more',
      'the snapshot fetched is not the one that was offered',
      'a snapshot is offered on a subject that is not of this fleet: upgate.other.chunk.r',
    ]);
    answers.unsubscribe();
    rig.replica(log);
    await caughtUp(node, log);
  });
});

describe('garbage', () => {
  it('on any subject is counted and does no harm', async () => {
    const { publisher } = rig.replica(log);
    const convergence = serve(rig.connect('convergence'));
    const wire = await rig.wire();
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    const offer = await ask(wire, 'n');
    if (offer?.$case !== 'snapshot') throw new Error('no snapshot was offered');
    const all = [subjects.change, subjects.head, subjects.sync, subjects.status('x'), offer.value.subject];
    for (const garbage of ['', '\0', 'garbage', 'x'.repeat(900_000)]) {
      for (const subject of [...all, subjects.convergence]) wire.publish(subject, Buffer.from(garbage));
    }
    await eventually('the garbage to be counted', () => publisher.counts.malformed >= 4 * 4);
    await eventually('the garbage to be counted', () => node.client.state.counts.malformed >= 2 * 4);
    publisher.publish(log.set('blog'));
    await caughtUp(node, log);
    await eventually('an answer', () => requestConvergence(wire, FLEET, 7n, 1_000));
    convergence.unsubscribe();
  });

  it('is also a status in the name of another node', async () => {
    const { publisher, statuses } = rig.replica(log);
    const wire = await rig.wire();
    const node = rig.node('edge-1');
    await caughtUp(node, log);
    const captured: Uint8Array[] = [];
    wire.subscribe(subjects.status('edge-1'), ({ data }) => captured.push(data));
    const status = await eventually('a status', () => captured[0]);
    wire.publish(subjects.status('edge-2'), status);
    await eventually('it to be refused', () => publisher.counts.malformed === 1);
    expect(statuses.every(({ node: name }) => name === 'edge-1')).toBe(true);
  });
});

it('says that a node leaves', async () => {
  const { statuses } = rig.replica(log);
  const node = rig.node('edge-1');
  await caughtUp(node, log);
  await node.client.close();
  await eventually('the last status', () => statuses.at(-1)?.leaving);
});

describe('convergence', () => {
  it('is asked of a projection over the feed', async () => {
    serve(rig.connect('projection'));
    const wire = await rig.wire();
    const answer = await eventually('an answer', () => requestConvergence(wire, FLEET, 7n, 1_000));
    expect(answer).toEqual({
      position: '7',
      status: 'pending',
      required: 2,
      applied: 1,
      refused: [{ node: 'a', error: 'no' }],
      missing: ['a', 'b'],
      stale: 3,
      gone: 4,
    });
  });

  it('is unknown when no projection is there', async () => {
    expect(await requestConvergence(await rig.wire(), FLEET, 7n, 1_000)).toBeUndefined();
  });
});

function serve(connection: FeedConnection) {
  return serveConvergence({
    connection,
    fleet: FLEET,
    logger: rig.logger,
    wait: async (position) => ({
      position: position.toString(),
      status: 'pending',
      required: 2,
      applied: 1,
      refused: [{ node: 'a', error: 'no' }],
      missing: ['a', 'b'],
      stale: 3,
      gone: 4,
    }),
  });
}

/** The answer to a sync that holds these changes, in a version that nobody knows. */
function unreadable(change: FeedChange): Uint8Array {
  const bytes = Buffer.concat([changeMessage.encode(toMessage(change)), Buffer.from([0x30, 9])]);
  if (bytes.length > 127) throw new Error('its length does not fit one byte');
  return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
}

async function ask(wire: FeedConnection, node: string, { epoch, position } = { epoch: '', position: 0n }) {
  const request = syncRequestMessage.encode({ node, epoch, position, snapshot: false });
  return syncAnswerMessage.parse(await wire.request(subjects.sync, request, 1_000)).answer;
}

/** Waits until so many heads have been heard. */
async function heads(wire: FeedConnection, count: number): Promise<void> {
  let heard = 0;
  const subscription = wire.subscribe(subjects.head, () => (heard += 1));
  await eventually('heads', () => heard >= count);
  subscription.unsubscribe();
}
