import type { ResourceJson } from '#contract';
import type { Position } from '#event-store';
import { renderResource } from '#platform';
import { isRemoval } from '#settings';
import type { ProjectionRunner } from '../fold/projection-runner.js';
import type { Projection } from '../fold/projection.js';

const PAGE = 500;

/** Resources that changed, each as it is now, up to a position. */
export interface WatchedChange {
  position: Position;
  /** Of all settings at the position; undefined: more is to come before they are as at any one position. */
  digest: string | undefined;
  changed: ResourceJson[];
  /** Ids. */
  removed: string[];
}

/**
 * What changes, for one reader at its own pace: the rows themselves are the queue, so a slow reader costs nothing, and
 * finds each resource once, as it is when the reader gets there.
 */
export class SettingsWatch {
  constructor(
    private readonly projection: Projection,
    private readonly runner: ProjectionRunner,
  ) {}

  /** All that changed after the position, and on from there until the signal is aborted. */
  changesAfter(position: Position, signal: AbortSignal): AsyncGenerator<WatchedChange> {
    return this.#watch(position, position, signal);
  }

  /** Every resource as it is, and on from there until the signal is aborted. */
  everything(signal: AbortSignal): AsyncGenerator<WatchedChange> {
    return this.#watch(0n, this.projection.head.position, signal);
  }

  /** Removals at or before `known` are of resources that the reader never heard of. */
  async *#watch(from: Position, known: Position, signal: AbortSignal): AsyncGenerator<WatchedChange> {
    let at = from;
    while (!signal.aborted) {
      const change = this.#next(at, known);
      if (change) {
        at = change.position;
        yield change;
      } else if (!(await this.runner.moved(signal))) return;
    }
  }

  #next(at: Position, known: Position): WatchedChange | undefined {
    const { readModel, head } = this.projection;
    const rows = readModel.resources.changedSince(at, PAGE);
    if (rows.length === 0) return undefined;
    const whole = rows.length < PAGE;
    const removals = rows.filter(({ change }) => isRemoval(change) && change.position > known);
    return {
      position: whole ? head.position : rows.at(-1)!.change.position,
      digest: whole ? head.digest : undefined,
      changed: rows.filter(({ change }) => !isRemoval(change)).map(({ record }) => renderResource(record)),
      removed: removals.map(({ change }) => change.resource),
    };
  }
}
