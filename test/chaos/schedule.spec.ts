import { expect, it } from 'vitest';
import { Random } from './random.js';
import { planRound } from './schedule.js';
import { Workload } from './workload.js';

const plan = (seed: string) => planRound(new Random(seed));
const commands = (seed: string) => {
  const workload = new Workload('writer', new Random(seed), ['http://127.0.0.1:9000']);
  return Array.from({ length: 200 }, () => workload.next());
};

it('the faults and the commands of a run follow from its seed', () => {
  expect(plan('one')).toEqual(plan('one'));
  expect(plan('one')).not.toEqual(plan('two'));
  expect(commands('one')).toEqual(commands('one'));
  expect(commands('one')).not.toEqual(commands('two'));
});
