import type { FastifyInstance } from 'fastify';
import { ApiError } from './api-error.js';

interface Route {
  methods: Set<string>;
  pattern: RegExp;
}

/** Answers 405, with the methods that there are, where there is a route for the path but not for the method. */
export function tellMethodNotAllowed(fastify: FastifyInstance): void {
  const routes = new Map<string, Route>();
  fastify.addHook('onRoute', ({ method, url }) => {
    const route = routes.get(url) ?? { methods: new Set(), pattern: patternOf(url) };
    routes.set(url, route);
    for (const one of [method].flat()) route.methods.add(one);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0]!;
    const allowed = new Set(
      [...routes.values()].filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods]),
    );
    if (allowed.size === 0) return done();
    void reply.header('allow', [...allowed].join(', '));
    done(
      new ApiError(
        'method_not_allowed',
        `${request.method} is not allowed here, only ${[...allowed].join(', ')}`,
      ),
    );
  });
}

/** A doubled colon is a literal one, a single one begins a parameter. */
function patternOf(url: string): RegExp {
  const parts = url.split(/(::|:\w+|\*)/).map((part) => {
    if (part === '::') return ':';
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : RegExp.escape(part);
  });
  return new RegExp(`^${parts.join('')}$`);
}
