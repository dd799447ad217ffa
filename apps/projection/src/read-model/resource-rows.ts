import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { absent, type CdnResource, type Integration, type ResourceRecord } from '#domain';
import type { Position } from '#event-store';
import { decodeEntry, encodeEntry, isRemoval, removalOf, type SettingsChange } from '#settings';
import { reading, selectWhere, type Condition } from './select.js';

export interface ResourceFilter {
  account?: string | undefined;
  integration?: Integration | undefined;
  websockets?: boolean | undefined;
}

/** A resource whose settings entry changed, and what became of the entry. */
export interface ChangedResource {
  record: ResourceRecord;
  change: SettingsChange;
}

type ResourceRow = {
  id: string;
  status: 'absent' | 'live' | 'deleted';
  /** The resource as the API shows it. */
  shown_there: string | null;
  revision: bigint;
  position: bigint;
  created_at: string;
  updated_at: string;
  settings: Uint8Array | null;
  settings_position: bigint | null;
};

/** To load them one by one would take longer. */
const RECORDS_AT_ONCE = 1_000;

const SELECT = `
  SELECT resource.*, history.after AS shown_there
  FROM resource LEFT JOIN history ON history.position = resource.shown`;

/** All but those of the settings entry. */
const COLUMNS = [
  'id',
  'status',
  'account',
  'integration',
  'websockets',
  'shown',
  'revision',
  'position',
  'created_at',
  'updated_at',
];

/** Resources as they are now, and their settings entries. */
export class ResourceRows {
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #putWithSettings: StatementSync;
  readonly #putWithoutSettings: StatementSync;
  readonly #changedSince: StatementSync;

  constructor(private readonly db: DatabaseSync) {
    this.#get = reading(db, `${SELECT} WHERE id = ?`);
    this.#put = db.prepare(upsert(COLUMNS));
    this.#putWithSettings = db.prepare(upsert([...COLUMNS, 'settings_position', 'settings']));
    this.#putWithoutSettings = db.prepare(upsert([...COLUMNS, 'settings_position']));
    this.#changedSince = reading(
      db,
      `${SELECT} WHERE settings_position > ? ORDER BY settings_position LIMIT ?`,
    );
  }

  get(id: string): ResourceRecord | undefined {
    const row = this.#get.get(id) as ResourceRow | undefined;
    return row && recordOf(row);
  }

  /** `change`: what became of its settings entry; undefined: that is as it was. */
  put(id: string, record: ResourceRecord, change: SettingsChange | undefined): void {
    const values = valuesOf(id, record);
    if (!change) this.#put.run(...values);
    else if (isRemoval(change)) this.#putWithoutSettings.run(...values, change.position);
    else this.#putWithSettings.run(...values, change.position, encodeEntry(change));
  }

  /** Those of the live resources that pass the filter, by id, from the id after the one given. */
  list({ account, integration, websockets }: ResourceFilter, after: string, limit: number): ResourceRecord[] {
    const conditions: Condition[] = [
      ['status = ?', 'live'],
      ['id > ?', after],
      ['account = ?', account],
      ['integration = ?', integration],
      ['websockets = ?', websockets === undefined ? undefined : Number(websockets)],
    ];
    const rows = selectWhere(this.db, SELECT, conditions, `ORDER BY id LIMIT ${limit}`);
    return rows.map((row) => recordOf(row as ResourceRow));
  }

  /** Resources whose settings changed after the position, at most `limit`, each once, by their last change. */
  changedSince(position: Position, limit: number): ChangedResource[] {
    const rows = this.#changedSince.all(position, limit);
    return rows.map((row) => changedOf(row as ResourceRow));
  }

  /** The records of all settings entries, many at a time. */
  *settings(): Generator<Buffer> {
    const select = this.db.prepare("SELECT settings FROM resource WHERE status = 'live'");
    let records: Uint8Array[] = [];
    for (const { settings } of select.iterate() as Iterable<{ settings: Uint8Array }>) {
      if (records.push(settings) < RECORDS_AT_ONCE) continue;
      yield Buffer.concat(records);
      records = [];
    }
    yield Buffer.concat(records);
  }
}

function upsert([id, ...others]: readonly string[]): string {
  const places = ['?', ...others.map(() => '?')];
  // A resource that is deleted goes on showing what it was.
  const updates = others.map((column) =>
    column === 'shown' ? 'shown = coalesce(excluded.shown, shown)' : `${column} = excluded.${column}`,
  );
  return `INSERT INTO resource (${[id, ...others].join(', ')}) VALUES (${places.join(', ')})
    ON CONFLICT (${id}) DO UPDATE SET ${updates.join(', ')}`;
}

/** In the order of the columns. */
function valuesOf(
  id: string,
  { state, revision, position, createdAt, updatedAt }: ResourceRecord,
): SQLInputValue[] {
  const resource = state.status === 'absent' ? undefined : state.resource;
  return [
    id,
    state.status,
    resource?.account ?? null,
    resource?.integration ?? null,
    resource ? Number(resource.websockets.enabled) : null,
    state.status === 'live' ? position : null,
    revision,
    position,
    createdAt,
    updatedAt,
  ];
}

function recordOf(row: ResourceRow): ResourceRecord {
  const {
    status,
    shown_there: shown,
    revision,
    position,
    created_at: createdAt,
    updated_at: updatedAt,
  } = row;
  const state = status === 'absent' ? absent : { status, resource: resourceOf(shown ?? '') };
  return { state, revision: Number(revision), position, createdAt, updatedAt };
}

function resourceOf(shown: string): CdnResource {
  const { id, account, cname, secondaryHostnames, origin, integration, websockets } = JSON.parse(
    shown,
  ) as CdnResource;
  return { id, account, cname, secondaryHostnames, origin, integration, websockets };
}

function changedOf(row: ResourceRow): ChangedResource {
  const { settings, settings_position: position } = row;
  const entry = decodeEntry(bytesOf(settings!));
  return { record: recordOf(row), change: row.status === 'live' ? entry : removalOf(entry, position!) };
}

function bytesOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
