import { connectFeed, FeedClient, type FeedHandler } from '#edge-feed';
import { ActivePolicy, BuiltinEnforcer, LastGood } from '#enforcer';
import { footprintOf, type Footprint } from '../harness/footprint.js';
import { serve } from '../harness/remote.js';

const TIMEOUTS = { connectMs: 5_000, handshakeMs: 10_000, httpIdleMs: 60_000 };
const QUIET = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/** The parts of an edge agent, as it puts them together. */
export interface NewNode {
  /** Joins the fleet with an empty folder; resolves when it enforces this position, and has it on disk. */
  join(argument: { url: string; fleet: string; folder: string; position: bigint }): Promise<Footprint>;
}

async function policyIn(folder: string): Promise<ActivePolicy> {
  const { lastGood } = await LastGood.open(folder);
  const enforcer = await BuiltinEnforcer.listen({
    host: '127.0.0.1',
    port: 0,
    timeouts: TIMEOUTS,
    logger: QUIET,
  });
  return new ActivePolicy({ enforcer, lastGood, logger: QUIET, saveRetryMs: 60_000 });
}

/** Calls back after each outcome. */
function observed(policy: ActivePolicy, settled: () => void): FeedHandler {
  return {
    at: () => policy.at(),
    applyChange: (change) => policy.applyChange(change).finally(settled),
    applySnapshot: (bytes) => policy.applySnapshot(bytes).finally(settled),
  };
}

/** Without a feed: neither proxy nor connection is new to the process after that. */
async function warmUp(url: string, folder: string): Promise<void> {
  const policy = await policyIn(`${folder}-before`);
  const connection = connectFeed({ servers: [url], name: 'before', logger: QUIET });
  await new Promise<void>((resolve) => connection.onConnect(resolve));
  await connection.close();
  await policy.close();
}

function enforced(
  policy: ActivePolicy,
  { url, fleet, position }: { url: string; fleet: string; position: bigint },
): Promise<number> {
  const connection = connectFeed({ servers: [url], name: 'new', logger: QUIET });
  const description = { node: 'new', region: 'bench', ring: 'bench', version: '0', enforcer: 'builtin' };
  const vitals = () => ({ openConnections: 0 });
  return new Promise((resolve) => {
    const settled = () => policy.at().position >= position && resolve(performance.now());
    const handler = observed(policy, settled);
    new FeedClient({ connection, fleet, description, handler, vitals, logger: QUIET });
  });
}

serve<NewNode>({
  join: ({ folder, ...joined }) =>
    footprintOf(
      () => warmUp(joined.url, folder),
      async () => enforced(await policyIn(folder), joined),
    ),
});
