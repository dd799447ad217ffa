import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { convergenceRequestMessage, type ConvergenceJson } from '#contract';
import { serveConvergence, type FeedConnection } from '#edge-feed';
import { eventually } from '../../../test/support/condition.js';
import { FeedRig, FLEET, subjects } from '../../../test/support/feed-rig.js';
import { FeedConvergence } from './convergence.js';

const PENDING: ConvergenceJson = {
  position: '5',
  status: 'pending',
  required: 2,
  applied: 1,
  refused: [],
  missing: ['edge-2'],
  stale: 0,
  gone: 0,
};
const APPLIED: ConvergenceJson = { ...PENDING, status: 'applied', applied: 2, missing: [] };

let rig: FeedRig;
let command: FeedConnection;
let projection: FeedConnection;

beforeEach(async () => {
  rig = await FeedRig.launch();
  [command, projection] = [await rig.wire(), await rig.wire()];
});

afterEach(() => rig.stop());

async function serve(wait: (position: bigint, timeoutMs: number) => Promise<ConvergenceJson>): Promise<void> {
  serveConvergence({ connection: projection, fleet: FLEET, logger: rig.logger, wait });
  await projection.flush();
}

it('does not wait for a projection that has died beyond the time, and leaves it a part to answer in', async () => {
  const asked: number[] = [];
  projection.subscribe(
    subjects.convergence,
    ({ data }) => asked.push(convergenceRequestMessage.parse(data).timeoutMs),
    'projection',
  );
  await projection.flush();
  const request = vi.spyOn(command, 'request');
  expect(await new FeedConvergence(command, FLEET).wait(5n, 100)).toMatchObject({
    status: 'pending',
    required: 0,
  });
  expect(request.mock.calls[0]?.[2]).toBe(100);
  expect(await eventually('the question', () => asked[0])).toBe(50);
});

it('asks one projection for a second, half of which is for the way, as long as there is time', async () => {
  const asked: number[] = [];
  await serve(async (_position, timeoutMs) => {
    asked.push(timeoutMs);
    return asked.length < 3 ? PENDING : APPLIED;
  });
  const request = vi.spyOn(command, 'request');
  expect(await new FeedConvergence(command, FLEET).wait(5n, 30_000)).toEqual(APPLIED);
  expect(request.mock.calls.map(([, , patience]) => patience)).toEqual([1_000, 1_000, 1_000]);
  expect(asked).toEqual([500, 500, 500]);
});

it('asks for less and less as the time ends, and then says what is missing', async () => {
  const asked: number[] = [];
  await serve(async (_position, timeoutMs) => {
    asked.push(timeoutMs);
    await delay(timeoutMs);
    return PENDING;
  });
  expect(await new FeedConvergence(command, FLEET).wait(5n, 2_000)).toEqual(PENDING);
  expect(asked).toEqual(asked.toSorted((a, b) => b - a));
});
