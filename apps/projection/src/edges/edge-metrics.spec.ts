import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headMessage, statusMessage, type HeadMessage, type StatusMessage } from '#contract';
import { subjectsOf, type FeedConnection } from '#edge-feed';
import { EMPTY_DIGEST } from '#settings';
import { eventually } from '../../../../test/support/condition.js';
import { ProjectionRig } from '../../../../test/support/projection-rig.js';

let rig: ProjectionRig;
let wire: FeedConnection;
let head: HeadMessage;

beforeAll(async () => {
  rig = await ProjectionRig.launch();
  wire = rig.connect('wire');
  await rig.log.create('chat');
  head = await new Promise((resolve) => {
    wire.subscribe(subjectsOf(rig.config.fleet).head, ({ data }) => {
      const heard = headMessage.parse(data);
      if (heard.position > 0n) resolve(heard);
    });
  });
});
afterAll(async () => {
  await wire.close();
  await rig.dispose();
});

/** Reports for a node that is at the head, but for what is given. */
function report(node: string, status: Partial<StatusMessage>): void {
  const { epoch, position, digest } = head;
  const whole = {
    node,
    instance: `of-${node}`,
    home: '',
    region: 'eu',
    ring: 'one',
    version: '1.0.0',
    enforcer: 'none',
    epoch,
    position,
    digest,
    openConnections: 0,
    error: '',
    leaving: false,
    ...status,
  };
  wire.publish(subjectsOf(rig.config.fleet).status(node), statusMessage.encode(whole));
}

/** The values of a metric, by the labels in their braces. */
async function samples(metric: string): Promise<Record<string, number>> {
  const text = await (await rig.fetch('/metrics')).text();
  const found = text.matchAll(new RegExp(`^${metric}\\{(.*)\\} (.*)$`, 'gm'));
  return Object.fromEntries([...found].map(([, labels = '', value]) => [labels, Number(value)]));
}

describe('the metrics of the edges', () => {
  it('count the nodes by state and verdict, and name those that do not do well', async () => {
    report('well', {});
    report('well-too', {});
    report('full', { error: 'its disk is full' });
    report('foreign', { epoch: 'another-log' });
    report('ahead', { position: head.position + 5n });
    report('late', { position: 0n, digest: EMPTY_DIGEST });
    report('left', { leaving: true });
    await eventually('all to be heard', async () => {
      const { 'state="live"': live, 'state="gone"': gone } = await samples('upgate_projection_edges');
      return live === 6 && gone === 1;
    });
    expect(await samples('upgate_projection_edges_by_verdict')).toEqual({
      'verdict="same"': 3,
      'verdict="behind"': 1,
      'verdict="differs"': 1,
      'verdict="ahead"': 1,
    });
    expect(await samples('upgate_projection_edge_problem')).toEqual({
      'node="full",region="eu",problem="refusing"': 1,
      'node="foreign",region="eu",problem="differs"': 1,
      'node="ahead",region="eu",problem="ahead"': 1,
    });
  });

  it('forget the problem of a node that is well again', async () => {
    report('full', {});
    await eventually('its problem to be forgotten', async () => {
      const problems = Object.keys(await samples('upgate_projection_edge_problem'));
      return !problems.some((labels) => labels.includes('node="full"'));
    });
  });
});
