import { Remote } from '../harness/remote.js';
import type { Comparison, Row, Run } from '../harness/row.js';
import type { Lookup } from '../processes/lookup.js';

const HOSTNAMES = 1_000_000;
const LOOKUPS = 200_000;

/** What a request costs a node before anything else: the policy of its host. */
export const lookup: Row = {
  name: 'lookup',
  title: 'Policy lookups among 1,000,000 hostnames',
  async measure(run) {
    const table = await filled(run, 'table');
    const map = await filled(run, 'map');
    const comparisons = [];
    for (const wildcard of [false, true]) comparisons.push(await compare(run, wildcard, table, map));
    return comparisons;
  },
};

async function filled(run: Run, into: 'table' | 'map'): Promise<Remote<Lookup>> {
  run.progress(`${HOSTNAMES} hostnames go into the ${into}`);
  const lookups = run.stack.use(new Remote<Lookup>('processes/lookup.js'));
  await lookups.call('fill', { into, hostnames: HOSTNAMES });
  return lookups;
}

async function compare(
  run: Run,
  wildcard: boolean,
  table: Remote<Lookup>,
  map: Remote<Lookup>,
): Promise<Comparison> {
  const argument = { wildcard, lookups: run.quick ? LOOKUPS / 4 : LOOKUPS };
  const samples = { table: [] as number[], map: [] as number[] };
  for (const side of [map, table]) await side.call('perSecond', argument);
  for (let round = 1; round <= run.rounds; round += 1) {
    samples.map.push(await map.call('perSecond', argument));
    samples.table.push(await table.call('perSecond', argument));
  }
  return {
    case: wildcard ? 'wildcard' : 'exact',
    unit: '/s',
    ours: samples.table,
    against: { name: wildcard ? 'Map, name by name' : 'Map', samples: samples.map },
    target: { atLeast: 0.7 },
    note: 'Each host is a new string, as the header of a request is.',
  };
}
