import { PREFERRED_CHANGE_BYTES, sizeOfChange } from '#edge-feed';
import type { Position } from '#event-store';
import type { SettingsChange } from '#settings';

/** The settings went from one position to another. Without changes: only the position moved. */
export interface SettingsMove {
  previous: Position;
  position: Position;
  /** Of all settings at `position`. */
  digest: string;
  /** At most one for each resource. */
  changes: SettingsChange[];
}

/** Coalesces the changes of a run of events into moves, each small enough for one message of the feed. */
export class ChangeCutter {
  readonly moves: SettingsMove[] = [];
  /** How many it has taken in. */
  events = 0;
  #changes = new Map<string, SettingsChange>();
  #bytes = 0;
  #previous: Position;

  constructor(
    /** Of the last event taken in. */
    public position: Position,
    private readonly maxBytes = PREFERRED_CHANGE_BYTES,
  ) {
    this.#previous = position;
  }

  /** Takes in the next event and what it changes; `digest` is that of the settings before it. */
  add(position: Position, change: SettingsChange | undefined, digest: () => string): void {
    const bytes = change ? sizeOfChange(change) : 0;
    if (this.#bytes > 0 && this.#bytes + bytes > this.maxBytes) this.#cut(digest());
    if (change) this.#changes.set(change.resource, change);
    this.#bytes += bytes;
    this.position = position;
    this.events += 1;
  }

  /** `digest` is that of the settings after the last event. */
  finish(digest: string): void {
    if (this.position > this.#previous) this.#cut(digest);
  }

  #cut(digest: string): void {
    const changes = [...this.#changes.values()];
    this.moves.push({ previous: this.#previous, position: this.position, digest, changes });
    this.#previous = this.position;
    this.#changes = new Map();
    this.#bytes = 0;
  }
}
