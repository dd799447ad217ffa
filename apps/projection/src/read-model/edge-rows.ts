import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Edge nodes as they were last heard, as JSON that the registry writes and reads. */
export class EdgeRows {
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #all: StatementSync;

  constructor(db: DatabaseSync) {
    this.#put = db.prepare('INSERT OR REPLACE INTO edge (node, record) VALUES (?, ?)');
    this.#delete = db.prepare('DELETE FROM edge WHERE node = ?');
    this.#all = db.prepare('SELECT node, record FROM edge');
  }

  put(node: string, record: string): void {
    this.#put.run(node, record);
  }

  delete(node: string): void {
    this.#delete.run(node);
  }

  all(): { node: string; record: string }[] {
    return this.#all.all().map((row) => ({ node: String(row['node']), record: String(row['record']) }));
  }
}
