import { join } from 'node:path';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type handleUnaryCall,
  type ServiceClientConstructor,
  type GrpcObject,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { PROTO_ROOT } from '#contract';
import { serve } from '../harness/remote.js';

/** The floor of the gRPC interface: the same call, which answers and does nothing. */
export interface BareGrpc {
  listen(argument: object): Promise<number>;
}

const answer: handleUnaryCall<object, object> = (_call, done) =>
  done(null, { changed: true, revision: 1, position: '1' });

serve<BareGrpc>({
  listen() {
    const definition = loadSync(join(PROTO_ROOT, 'upgate/v1/command_service.proto'), {
      includeDirs: [PROTO_ROOT],
    });
    const { v1 } = loadPackageDefinition(definition)['upgate'] as { v1: GrpcObject };
    const { service } = v1['CommandService'] as ServiceClientConstructor;
    const server = new Server();
    server.addService(service, { SetWebsockets: answer });
    return new Promise((resolve, reject) => {
      const bound = (error: Error | null, port: number) => (error ? reject(error) : resolve(port));
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), bound);
    });
  },
});
