import type { ResourceJson } from '#contract';
import type { Position } from '#event-store';
import { renderResource } from '#platform';
import { isRemoval } from '#settings';
import type { ProjectionRunner } from '../fold/projection-runner.js';
import type { Projection } from '../fold/projection.js';
import type { ChangedResource } from '../read-model/resource-rows.js';

const PAGE = 500;
/** Of names in a page, unless one resource has more: clients of gRPC take messages of 4 MB. */
const PAGE_CHARACTERS = 1_000_000;

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
    const found = readModel.resources.changedSince(at, PAGE);
    if (found.length === 0) return undefined;
    const rows = found.slice(0, countThatFits(found));
    const whole = rows.length === found.length && found.length < PAGE;
    const removals = rows.filter(({ change }) => isRemoval(change) && change.position > known);
    return {
      position: whole ? head.position : rows.at(-1)!.change.position,
      digest: whole ? head.digest : undefined,
      changed: rows.filter(({ change }) => !isRemoval(change)).map(({ record }) => renderResource(record)),
      removed: removals.map(({ change }) => change.resource),
    };
  }
}

/** At least one. */
function countThatFits(changes: readonly ChangedResource[]): number {
  let left = PAGE_CHARACTERS;
  const end = changes.findIndex(({ change }, index) => {
    if (!isRemoval(change)) left -= change.hostnames.join().length;
    return left < 0 && index > 0;
  });
  return end < 0 ? changes.length : end;
}
