import { existsSync, renameSync } from 'node:fs';
import type { ImportTarget } from '../transfer/import-log.js';
import { SqliteEventStore } from './sqlite-event-store.js';
import { markOf } from './high-water-mark.js';

/** Imports into a draft beside the log's place, which becomes the log when it is complete. */
export async function sqliteTarget(file: string): Promise<ImportTarget> {
  if (existsSync(file))
    throw new Error(`There is an event log at ${file} already: an import makes a new one.`);
  const draft = `${file}.import`;
  const store = await SqliteEventStore.open({ file: draft });
  return {
    store,
    ordered: true,
    finish: async () => {
      const epoch = await store.epoch();
      await store.close();
      renameSync(draft, file);
      renameSync(markOf(draft), markOf(file));
      return { epoch };
    },
    close: () => store.close(),
  };
}
