import type { Row } from '../harness/row.js';
import { batch } from './batch.js';
import { burst } from './burst.js';
import { commandLatency } from './command-latency.js';
import { commandThroughput } from './command-throughput.js';
import { flatness } from './flatness.js';
import { grpcThroughput } from './grpc-throughput.js';
import { herd } from './herd.js';
import { lookup } from './lookup.js';
import { newNode } from './new-node.js';
import { rebuild } from './rebuild.js';
import { restart } from './restart.js';
import { spreadPeers } from './spread-peers.js';
import { spread } from './spread.js';

/** Every row, in the order of the table. */
export const ROWS: readonly Row[] = [
  commandLatency,
  commandThroughput,
  grpcThroughput,
  spread,
  spreadPeers,
  newNode,
  lookup,
  restart,
  rebuild,
  burst,
  batch,
  herd,
  flatness,
];
