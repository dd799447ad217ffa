import { DatabaseSync } from 'node:sqlite';
import { serve } from '../harness/remote.js';

const AT_ONCE = 1_000;

/** The floor of a rebuild: reads the rows of a log in its order, and does nothing with them. */
export interface ReadLog {
  /** How many rows there are. */
  read(argument: { file: string }): number;
}

serve<ReadLog>({
  read({ file }) {
    using database = new DatabaseSync(file, { readOnly: true });
    const select = database.prepare('SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?');
    let count = 0;
    for (let rows = select.all(0, AT_ONCE); rows.length > 0; rows = select.all(count, AT_ONCE))
      count += rows.length;
    return count;
  },
});
