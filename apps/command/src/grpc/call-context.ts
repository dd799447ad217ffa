import type { Metadata } from '@grpc/grpc-js';
import { requestIdOf, validated } from '#platform';
import type { CommandContext } from '../commands/command-context.js';
import { given } from '../commands/given.js';
import { waitMsOf, WaitParameters } from '../input/command-parameters.js';
import { contextOf } from '../input/context-of.js';

/** A call of any kind, as far as its context needs it. */
export interface Call {
  metadata: Metadata;
  getPeer(): string;
}

/** The CommandContext of a gRPC call. Throws ApiError request_invalid. */
export function contextOfCall(call: Call): CommandContext {
  const header = (name: string) => {
    const values = call.metadata.get(name);
    return values.length > 1 ? values : values[0];
  };
  return contextOf(header, requestIdOf(header('x-request-id')), addressOfPeer(call.getPeer()));
}

/** How long the answer is to wait for the edges. Throws ApiError request_invalid. */
export function waitMsOfCall({ metadata }: Call): number | undefined {
  const [wait] = metadata.get('wait');
  const [timeout] = metadata.get('timeout');
  return waitMsOf(validated(WaitParameters, given({ wait, timeout })));
}

/** `127.0.0.1:53412` or `[::1]:53412`, without the port. */
function addressOfPeer(peer: string): string {
  return peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
