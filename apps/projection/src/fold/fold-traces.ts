import {
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { FeedTrace } from '#edge-feed';
import type { RecordedEvent } from '#event-store';
import { childOf, formatTraceContext, parseTraceContext } from '#platform';
import type { SettingsMove } from './change-cutter.js';
import type { Folded } from './projection-runner.js';

/** More traces than this are not linked to one change. */
const MAX_TRACES = 32;

interface Source {
  position: bigint;
  context: SpanContext;
}

/**
 * Carries the traces of events on into the changes that they are coalesced to. A change goes on with the trace of its
 * first event that has one, and is linked to those of the others.
 */
export class FoldTraces {
  #sources: Source[] = [];
  #begun = 0;

  constructor(
    private readonly tracer: Tracer,
    /** That changes are published on. */
    private readonly subject: string,
  ) {}

  folded({ events, begun }: Folded): void {
    this.#begun = begun;
    this.#sources = events.flatMap(sourceOf);
  }

  /** Publishes a move, with the trace that it is part of if it is part of one. */
  publish({ previous, position, changes }: SettingsMove, send: (trace: FeedTrace | undefined) => void): void {
    const isOfMove = (source: Source) => source.position > previous && source.position <= position;
    const [first, ...others] = oneOfEachTrace(this.#sources.filter(isOfMove));
    if (!first) return send(undefined);
    const links = others.map((context) => ({ context }));
    const attributes = { 'upgate.position': position.toString(), 'upgate.changes': changes.length };
    const folded = this.#fold(first, { links, attributes });
    const kind = SpanKind.PRODUCER;
    const span = this.tracer.startSpan(
      `send ${this.subject}`,
      { kind, links, attributes: { ...attributes, ...messaging('nats', 'send', this.subject) } },
      folded,
    );
    send(formatTraceContext(span.spanContext()));
    span.end();
  }

  #fold(
    parent: SpanContext,
    { links, attributes }: { links: { context: SpanContext }[]; attributes: object },
  ): Context {
    const kind = SpanKind.CONSUMER;
    const span = this.tracer.startSpan(
      'process log',
      {
        kind,
        links,
        startTime: this.#begun,
        attributes: { ...attributes, ...messaging('upgate', 'process', 'log') },
      },
      childOf(parent, ROOT_CONTEXT),
    );
    span.end();
    return trace.setSpan(ROOT_CONTEXT, span);
  }
}

function sourceOf({ position, metadata }: RecordedEvent): Source[] {
  const context = parseTraceContext(metadata);
  return context && context.traceFlags & TraceFlags.SAMPLED ? [{ position, context }] : [];
}

function oneOfEachTrace(sources: readonly Source[]): SpanContext[] {
  const traces = new Map<string, SpanContext>();
  for (const { context } of sources) {
    if (traces.size === MAX_TRACES) break;
    if (!traces.has(context.traceId)) traces.set(context.traceId, context);
  }
  return [...traces.values()];
}

function messaging(system: string, type: string, destination: string): Record<string, string> {
  return {
    'messaging.system': system,
    'messaging.operation.type': type,
    'messaging.destination.name': destination,
  };
}
