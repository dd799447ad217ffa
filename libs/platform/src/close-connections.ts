import type { FastifyInstance } from 'fastify';

const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 50;

/** When the server closes: connections are closed as they fall idle, and after 3 s in any case. */
export function closeConnections(fastify: FastifyInstance): void {
  fastify.addHook('preClose', (done) => {
    const { server } = fastify;
    const deadline = performance.now() + PATIENCE_MS;
    const timer = setInterval(() => {
      if (performance.now() < deadline) server.closeIdleConnections();
      else server.closeAllConnections();
    }, LOOK_AGAIN_MS);
    server.once('close', () => clearInterval(timer));
    done();
  });
}
