import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../../test/support/condition.js';
import { FoldedLog } from '../../../test/support/feed.js';
import { FeedRig, type JoinedNode, type Replica } from '../../../test/support/feed-rig.js';

const NODES = 1_000;

let rig: FeedRig;
let log: FoldedLog;
let replicas: Replica[];
let nodes: JoinedNode[];

beforeEach(async () => {
  rig = await FeedRig.launch();
  log = new FoldedLog('epoch-1');
  for (let index = 0; index < 50; index += 1) log.set(`r${index}`);
  replicas = [rig.replica(log), rig.replica(log)];
  nodes = Array.from({ length: NODES }, (_, index) => rig.node(`edge-${index}`));
}, 60_000);

afterEach(() => rig.stop(), 60_000);

function allCurrent(): Promise<boolean> {
  return eventually(
    'every node to be where the log is',
    () => {
      const { epoch, position, digest } = log.head();
      const behind = nodes.filter(({ handler }) => {
        const at = handler.at();
        return at.epoch !== epoch || at.position !== position || at.digest !== digest;
      });
      if (behind.length > 0) throw new Error(`${behind.length} are not, ${JSON.stringify(answered())}`);
      return true;
    },
    60_000,
  );
}

function answered() {
  return replicas.map(({ publisher }) => ({ ...publisher.counts.syncs }));
}

it(
  'a thousand nodes that come back at once all get one shared snapshot, some at a time',
  { timeout: 120_000 },
  async () => {
    await allCurrent();
    await rig.nats.stop();
    await eventually('all to be cut off', () => nodes.every(({ client }) => !client.state.connected));
    log.epoch = 'epoch-2';
    log.set('restored');
    const [before, built] = [answered(), log.snapshotsBuilt];
    await rig.nats.start();
    await allCurrent();

    const sum = (kind: 'snapshot' | 'retryLater') =>
      answered().reduce((total, counts, index) => total + counts[kind] - before[index]![kind], 0);
    expect(sum('snapshot')).toBeGreaterThanOrEqual(NODES);
    expect(log.snapshotsBuilt - built).toBeLessThanOrEqual(replicas.length);
    expect(sum('retryLater')).toBeGreaterThan(0);
    await eventually('every node to be heard by every replica', () =>
      replicas.every(({ statuses }) => {
        const current = statuses.filter(({ epoch, error }) => epoch === 'epoch-2' && error === '');
        return new Set(current.map(({ node }) => node)).size === NODES;
      }),
    );
  },
);
