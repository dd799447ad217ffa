import { join } from 'node:path';
import { freePorts } from '../../test/support/ports.js';
import { Program } from '../../test/support/program.js';
import { hostOf } from '../harness/customers.js';
import { monotonic } from '../harness/monotonic.js';
import { Remote } from '../harness/remote.js';
import type { Row, Run } from '../harness/row.js';
import { firstRefusal } from '../harness/probe.js';
import type { LastGoodFile } from '../processes/last-good.js';

const RESOURCES = 1_000_000;
const NODE = 'bench';

/** A node that starts with no control plane, from its own disk. */
export const restart: Row = {
  name: 'restart',
  title: 'Restart of a node with 1,000,000 resources from its last good file',
  async measure(run) {
    const folder = join(run.folder, 'edge', NODE);
    run.progress(`a last good file of ${RESOURCES} resources is written`);
    await using writer = new Remote<LastGoodFile>('processes/last-good.js');
    await writer.call('save', { folder, resources: RESOURCES });
    const samples = { ours: [] as number[], theirs: [] as number[] };
    for (let round = 1; round <= run.rounds; round += 1) {
      samples.theirs.push(await parsed(folder));
      samples.ours.push(await enforced(run));
      run.progress(`round ${round} of ${run.rounds}`);
    }
    const against = { name: 'reading and parsing the same file', samples: samples.theirs };
    return [
      {
        case: 'process start to enforced',
        unit: 'ms',
        ours: samples.ours,
        against,
        target: { atMost: 2 },
        note: NOTE,
      },
    ];
  },
};

const NOTE =
  'Both are new processes, and the file is in the memory of the system. Until the node refuses a handshake by its policy; ' +
  'until the other has had every entry as a plain object, which it does not keep.';

async function enforced({ folder }: Run): Promise<number> {
  const [edge, health, nats] = await freePorts(3);
  const started = monotonic();
  const agent = new Program('apps/edge-agent/src/main.js', {
    UPGATE_NODE: NODE,
    UPGATE_DATA: folder,
    UPGATE_EDGE: `127.0.0.1:${edge}`,
    UPGATE_AGENT_HTTP: `127.0.0.1:${health}`,
    UPGATE_NATS: `nats://127.0.0.1:${nats}`,
  });
  try {
    return (await firstRefusal(agent, edge!, hostOf(0))) - started;
  } finally {
    await agent.kill();
  }
}

async function parsed(folder: string): Promise<number> {
  const started = monotonic();
  await using reader = new Remote<LastGoodFile>('processes/last-good.js');
  const entries = await reader.call('parse', { folder });
  if (entries !== RESOURCES) throw new Error(`the file has ${entries} entries`);
  return monotonic() - started;
}
