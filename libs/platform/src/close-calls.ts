import type { Server } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';

const PATIENCE_MS = 3_000;

/** When the servers close: calls under way come to their end, and those that have not after 3 s are cut. */
export function closeCalls(fastify: FastifyInstance, server: Server): void {
  fastify.addHook('preClose', (done) => {
    const cut = setTimeout(() => server.forceShutdown(), PATIENCE_MS);
    server.tryShutdown(() => clearTimeout(cut));
    done();
  });
}
