import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Position } from '#event-store';
import { EMPTY_DIGEST, SettingsTable } from '#settings';
import { EdgeRows } from './edge-rows.js';
import { HistoryRows } from './history-rows.js';
import { ResourceRows } from './resource-rows.js';
import { INCOMPLETE_VERSION, INDEXES, OWN_TABLES, SCHEMA_VERSION, TABLES_OF_LOG } from './schema.js';

export interface Checkpoint {
  epoch: string;
  /** Of the last event folded; 0n: none. */
  position: Position;
  /** Of all settings after it. */
  digest: string;
}

/** The rows of the read model cannot be used, and have to be made anew from the log. */
export class ReadModelUnusable extends Error {
  override readonly name = 'ReadModelUnusable';
}

const UNPROTECTED = 'PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF';
/** Twice the usual: half as many calls to write what a rebuild makes. */
const PAGE_BYTES = 8_192;
const DURABLE = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL';

/** The read model's SQLite file: what the log says, in rows made for queries, and how far it has been read. */
export class ReadModel {
  readonly resources: ResourceRows;
  readonly history: HistoryRows;
  readonly edges: EdgeRows;
  readonly #db: DatabaseSync;
  readonly #saveCheckpoint: StatementSync;

  /** Opens the file, or makes an empty one for the log of this epoch. Throws ReadModelUnusable. */
  constructor(
    private readonly file: string,
    epoch: string,
  ) {
    this.#db = new DatabaseSync(file);
    try {
      this.#db.exec(`PRAGMA page_size = ${PAGE_BYTES}; ${DURABLE}; PRAGMA cache_size = -65536`);
      this.#create(epoch);
      this.#check();
    } catch (error) {
      this.#db.close();
      throw isCorruption(error) ? new ReadModelUnusable(error.message, { cause: error }) : error;
    }
    this.resources = new ResourceRows(this.#db);
    this.history = new HistoryRows(this.#db);
    this.edges = new EdgeRows(this.#db);
    this.#saveCheckpoint = this.#db.prepare('UPDATE checkpoint SET position = ?, digest = ?');
  }

  checkpoint(): Checkpoint {
    const select = this.#db.prepare('SELECT epoch, position, digest FROM checkpoint');
    select.setReadBigInts(true);
    const { epoch, position, digest } = select.get() as { epoch: string; position: bigint; digest: string };
    return { epoch, position, digest };
  }

  saveCheckpoint(position: Position, digest: string): void {
    this.#saveCheckpoint.run(position, digest);
  }

  /** The settings table of the rows. Throws ReadModelUnusable if they do not give the digest of the checkpoint. */
  loadSettings(): SettingsTable {
    const table = new SettingsTable();
    try {
      for (const records of this.resources.settings()) table.load(records);
    } catch (error) {
      throw new ReadModelUnusable('its settings cannot be read', { cause: error });
    }
    const { digest } = this.checkpoint();
    if (table.digest !== digest)
      throw new ReadModelUnusable(`the digest of its rows is ${table.digest}, not ${digest}`);
    return table;
  }

  /**
   * Forgets all that came from the log, to fold it anew: in one transaction that nothing protects, and without what only
   * queries need. Until `complete` the file is no read model, whatever becomes of this process.
   */
  startAnew(): void {
    this.transaction(() => {
      this.#db.exec(`DROP TABLE resource; DROP TABLE history; ${TABLES_OF_LOG}`);
      this.#db.exec(`PRAGMA user_version = ${INCOMPLETE_VERSION}`);
      this.saveCheckpoint(0n, EMPTY_DIGEST);
    });
    this.#db.exec(`${UNPROTECTED}; BEGIN EXCLUSIVE`);
  }

  /** What was made anew is a read model from now on, and is on disk. */
  complete(): void {
    this.#db.exec(`${INDEXES}; COMMIT`);
    syncFile(this.file);
    this.#db.exec(`${DURABLE}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  }

  /** All that the work writes is kept, or none of it when it throws; as one with a transaction that it is part of. */
  transaction<T>(work: () => T): T {
    if (this.#db.isTransaction) return work();
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  #create(epoch: string): void {
    if (this.#db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) return;
    this.transaction(() => {
      this.#db.exec(`${OWN_TABLES}; ${TABLES_OF_LOG}; ${INDEXES}; PRAGMA user_version = ${SCHEMA_VERSION}`);
      this.#db.prepare('INSERT INTO checkpoint VALUES (1, ?, 0, ?)').run(epoch, EMPTY_DIGEST);
    });
  }

  #check(): void {
    const { user_version: version } = this.#db.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (version !== SCHEMA_VERSION)
      throw new ReadModelUnusable(`its schema has the version ${version}, not ${SCHEMA_VERSION}`);
    const { quick_check: verdict } = this.#db.prepare('PRAGMA quick_check(1)').get() as {
      quick_check: string;
    };
    if (verdict !== 'ok') throw new ReadModelUnusable(`its file is damaged: ${verdict}`);
  }
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

function isCorruption(error: unknown): error is Error {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  const code = Number(error.errcode) & 0xff;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}
