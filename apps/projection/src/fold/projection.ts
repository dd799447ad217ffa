import { asCdnResourceEvent, evolveRecord, noRecord, type Recorded } from '#domain';
import type { Position, RecordedEvent } from '#event-store';
import { renderResource } from '#platform';
import { foldSettings, type SettingsChange, type SettingsTable } from '#settings';
import type { Checkpoint, ReadModel } from '../read-model/read-model.js';
import { ChangeCutter, type SettingsMove } from './change-cutter.js';
import { RecentDigests } from './recent-digests.js';

/** The streams that the read model is made of: one for every CDN resource. */
export const RESOURCE_STREAMS = 'cdnResource-';

/** Folds the log into the read model, and tells what the edges have to hear of it. */
export class Projection {
  #head: Checkpoint;
  #table: SettingsTable;
  #folded = 0;
  readonly #digests = new RecentDigests();

  constructor(
    readonly readModel: ReadModel,
    table: SettingsTable,
  ) {
    this.#head = readModel.checkpoint();
    this.#table = table;
    this.#digests.add(this.#head);
  }

  /** The log, the last event folded, and the digest of all settings after it. */
  get head(): Checkpoint {
    return this.#head;
  }

  /** Of all settings at a position that it was at lately; undefined at any other. */
  digestAt(position: Position): string | undefined {
    return this.#digests.at(position);
  }

  get table(): SettingsTable {
    return this.#table;
  }

  /** How many events it has folded since it was made. */
  get folded(): number {
    return this.#folded;
  }

  /**
   * Folds the events that it has not seen yet: all rows and the checkpoint are kept, or none when it throws. Gives the
   * moves of the settings that they make, in order.
   */
  apply(events: readonly RecordedEvent[]): SettingsMove[] {
    try {
      const cutter = this.readModel.transaction(() => this.#fold(events));
      this.#head = this.readModel.checkpoint();
      this.#folded += cutter.events;
      for (const move of cutter.moves) this.#digests.add(move);
      return cutter.moves;
    } catch (error) {
      this.#table = this.readModel.loadSettings();
      throw error;
    }
  }

  #fold(events: readonly RecordedEvent[]): ChangeCutter {
    const cutter = new ChangeCutter(this.#head.position);
    for (const event of events) {
      if (event.position > cutter.position) this.#foldOne(event, cutter);
    }
    cutter.finish(this.#table.digest);
    this.readModel.saveCheckpoint(cutter.position, this.#table.digest);
    return cutter;
  }

  #foldOne(event: RecordedEvent, cutter: ChangeCutter): void {
    const id = event.stream.slice(RESOURCE_STREAMS.length);
    const recorded = recordedOf(event);
    const change = foldSettings(isFirst(event) ? undefined : this.#table.get(id), id, recorded);
    this.#keepRows(id, event, recorded, change);
    cutter.add(event.position, change, () => this.#table.digest);
    if (change) this.#table.apply([change]);
  }

  #keepRows(id: string, event: RecordedEvent, recorded: Recorded, change: SettingsChange | undefined): void {
    const { resources, history } = this.readModel;
    const before = isFirst(event) ? undefined : resources.get(id);
    const record = evolveRecord(before ?? noRecord, recorded);
    resources.put(id, record, change);
    history.add(id, event, record.state.status === 'live' ? renderResource(record) : undefined);
  }
}

/** Of its stream: there is nothing before it to look up. */
function isFirst({ revision }: RecordedEvent): boolean {
  return revision === 1;
}

function recordedOf(event: RecordedEvent): Recorded {
  const { revision, position, metadata } = event;
  return {
    event: asCdnResourceEvent(event),
    revision,
    position,
    time: metadata.time,
  };
}
