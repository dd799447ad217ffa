import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteEventStore, type EventMetadata } from '#event-store';
import { epochOf } from '../../libs/event-store/src/sqlite/database.js';
import { checksumOf } from '../../libs/event-store/src/sqlite/rows.js';
import { resourceId, resourceOf } from './customers.js';

const AT_ONCE = 50_000;
const TIME = '2026-01-01T00:00:00.000Z';

/** Makes a log, in a data folder, as it would be after the creation of so many resources, one after the other. */
export async function seedLog(
  data: string,
  resources: number,
  progress: (text: string) => void,
): Promise<void> {
  const file = join(data, 'log', 'events.sqlite');
  await (await SqliteEventStore.open({ file })).close();
  using database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
  const epoch = epochOf(database);
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  for (let start = 0; start < resources; start += AT_ONCE) {
    database.exec('BEGIN');
    for (let index = start; index < Math.min(start + AT_ONCE, resources); index += 1)
      insert.run(index + 1, ...rowOf(epoch, index));
    database.exec('COMMIT');
    progress(`${Math.min(start + AT_ONCE, resources)} of ${resources} events of the log`);
  }
}

function rowOf(epoch: string, index: number): (string | number)[] {
  const event = {
    stream: `cdnResource-${resourceId(index)}`,
    revision: 1,
    id: randomUUID(),
    type: 'CdnResourceCreated',
    data: JSON.stringify(resourceOf(index)),
    metadata: JSON.stringify(metadata()),
  };
  const { stream, revision, id, type, data, metadata: about } = event;
  return [stream, revision, id, type, data, about, checksumOf(epoch, event)];
}

function metadata(): EventMetadata {
  const commandId = randomUUID();
  const actor = { id: 'bench', kind: 'user' };
  return { schemaVersion: 1, time: TIME, actor, commandId, correlationId: commandId, causationId: commandId };
}
