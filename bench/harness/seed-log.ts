import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteEventStore, type EventMetadata } from '#event-store';
import { defaultWebsockets, type CdnResource } from '#domain';
import { epochOf } from '../../libs/event-store/src/sqlite/database.js';
import { checksumOf } from '../../libs/event-store/src/sqlite/rows.js';

const AT_ONCE = 50_000;
const TIME = '2026-01-01T00:00:00.000Z';

function resourceId(index: number): string {
  return `r-${index}`;
}

function hostnameOf(index: number): string {
  return `www.customer-${index}.example`;
}

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
    data: JSON.stringify(resource(index)),
    metadata: JSON.stringify(metadata()),
  };
  const { stream, revision, id, type, data, metadata: about } = event;
  return [stream, revision, id, type, data, about, checksumOf(epoch, event)];
}

function resource(index: number): CdnResource {
  return {
    id: resourceId(index),
    account: 'default',
    cname: index % 10 === 9 ? `*.customer-${index}.example` : hostnameOf(index),
    secondaryHostnames: [],
    origin: `http://origin-${index % 1_000}.example:8080`,
    integration: 'full',
    websockets: defaultWebsockets('full'),
  };
}

function metadata(): EventMetadata {
  const commandId = randomUUID();
  const actor = { id: 'bench', kind: 'user' };
  return { schemaVersion: 1, time: TIME, actor, commandId, correlationId: commandId, causationId: commandId };
}
