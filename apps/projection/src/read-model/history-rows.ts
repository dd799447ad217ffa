import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { HistoryItemJson, ResourceJson } from '#contract';
import type { Position, RecordedEvent } from '#event-store';
import { selectWhere, type Condition, type Row } from './select.js';

export interface HistoryFilter {
  resource?: string | undefined;
  actor?: string | undefined;
  type?: string | undefined;
  /** ISO 8601 in UTC: from is included, to is not. */
  from?: string | undefined;
  to?: string | undefined;
}

/** Up to and including a position, or a time (ISO 8601 in UTC). */
export type Moment = { position: Position } | { time: string };

/** How a resource stood at some moment, and whether it was live then. */
export interface Standing {
  revision: number;
  position: Position;
  resource: ResourceJson | null;
}

/** Rows with what was before them, of those positions that a page holds: only these rows are read in full. */
const ITEMS_OF_PAGE = `
  SELECT history.*, earlier.after AS before
  FROM page JOIN history USING (position)
  LEFT JOIN history AS earlier
    ON earlier.resource = history.resource AND earlier.revision = history.revision - 1
  ORDER BY position DESC`;

/** Who did what to which resource, when, and what became of it: one row for every event. */
export class HistoryRows {
  readonly #insert: StatementSync;
  readonly #between: StatementSync;
  readonly #next: StatementSync;

  constructor(private readonly db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#between = db.prepare('SELECT count(*) AS count FROM history WHERE position > ? AND position <= ?');
    this.#next = db.prepare('SELECT time FROM history WHERE position > ? ORDER BY position LIMIT 1');
  }

  add(resource: string, event: RecordedEvent, after: ResourceJson | undefined): void {
    const { position, revision, type, metadata } = event;
    const { time, actor, reason = null, correlationId } = metadata;
    const { id, kind, address = null } = actor;
    const rendered = after ? JSON.stringify(after) : null;
    this.#insert.run(
      position,
      resource,
      revision,
      type,
      time,
      id,
      kind,
      address,
      reason,
      correlationId,
      rendered,
    );
  }

  /** Newest first, those before the position (undefined: from the newest on). */
  list(filter: HistoryFilter, before: Position | undefined, limit: number): HistoryItemJson[] {
    const conditions: Condition[] = [
      ['position < ?', before],
      ['resource = ?', filter.resource],
      ['actor_id = ?', filter.actor],
      ['type = ?', filter.type],
      ['time >= ?', filter.from],
      ['time < ?', filter.to],
    ];
    const head = 'WITH page AS (SELECT position FROM history';
    const tail = `ORDER BY position DESC LIMIT ${limit}) ${ITEMS_OF_PAGE}`;
    return selectWhere(this.db, head, conditions, tail).map(itemOf);
  }

  count(): number {
    return Number(this.db.prepare('SELECT count(*) AS count FROM history').get()?.['count']);
  }

  /** Events above one position, up to another. */
  countBetween(above: Position, upTo: Position): number {
    return Number(this.#between.get(above, upTo)?.['count']);
  }

  /** When the first event above the position was recorded; undefined if there is none. */
  timeAfter(position: Position): string | undefined {
    const row = this.#next.get(position);
    return row && String(row['time']);
  }

  /** After the last event of the resource at or before the moment; undefined if there was none. */
  standingAt(resource: string, moment?: Moment): Standing | undefined {
    return this.#last(resource, moment, 'TRUE');
  }

  /** After the event that gave the resource the policy it had at the moment. */
  policyAt(resource: string, moment?: Moment): Standing | undefined {
    return this.#last(resource, moment, `(type = 'CdnResourceCreated' OR type LIKE 'Websockets%')`);
  }

  #last(resource: string, moment: Moment | undefined, which: string): Standing | undefined {
    const conditions: Condition[] = [
      ['resource = ?', resource],
      ['position <= ?', moment && 'position' in moment ? moment.position : undefined],
      ['time <= ?', moment && 'time' in moment ? moment.time : undefined],
    ];
    const tail = `AND ${which} ORDER BY revision DESC LIMIT 1`;
    const [row] = selectWhere(this.db, 'SELECT revision, position, after FROM history', conditions, tail);
    return row && standingOf(row);
  }
}

function itemOf(row: Row): HistoryItemJson {
  const address = row['actor_address'];
  return {
    position: String(row['position']),
    revision: Number(row['revision']),
    resource: String(row['resource']),
    type: String(row['type']),
    time: String(row['time']),
    actor: {
      id: String(row['actor_id']),
      kind: String(row['actor_kind']),
      ...(typeof address === 'string' && { address }),
    },
    reason: textOf(row['reason']),
    before: resourceOf(row['before']),
    after: resourceOf(row['after']),
    requestId: String(row['request_id']),
  };
}

function standingOf({ revision, position, after }: Row): Standing {
  return { revision: Number(revision), position: BigInt(String(position)), resource: resourceOf(after) };
}

function resourceOf(text: Row[string] | undefined): ResourceJson | null {
  return typeof text === 'string' ? (JSON.parse(text) as ResourceJson) : null;
}

function textOf(value: Row[string] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
