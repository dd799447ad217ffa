import { formatAddress } from '#platform';
import type { StandaloneConfig } from './config.js';
import type { Standalone } from './standalone.js';

/** What a person sees when everything runs: the addresses, and three lines to try next. */
export function welcome({ http, edge, agentHttp, nats }: Standalone, { grpc }: StandaloneConfig): string {
  const api = `http://${formatAddress(http)}`;
  return `
  Upgate is running. Ctrl-C stops it.

    HTTP    ${api}    (interface: ${api}/docs)
    gRPC    ${formatAddress(grpc)}
    edge    http://${formatAddress(edge)}    (health: http://${formatAddress(agentHttp)}/readyz)
    NATS    ${nats.join(', ')}

  Try next:

    npm run demo
    curl -sS ${api}/v1/edges
    curl -sS ${api}/v1/resources -H 'content-type: application/json' -d '{"cname": "chat.localhost", "origin": "http://127.0.0.1:9000", "integration": "full"}'

`;
}
