import type { EventStore } from '../event-store.js';
import { endLine, eventLine, headerLine, Tally, type Copied } from './log-lines.js';

const CHUNK_LINES = 1_000;

/**
 * Writes a copy of the log as it is at this moment, lines of JSON; the log may go on growing meanwhile.
 * @param write is given some lines at a time, and resolves when it takes more
 */
export async function exportLog(
  store: EventStore,
  write: (lines: string) => Promise<void>,
  onProgress: (events: number) => void,
): Promise<Copied> {
  const head = await store.head();
  const tally = new Tally();
  let lines = [headerLine(await store.epoch())];
  for await (const event of store.readAll()) {
    if (event.position > head) break;
    const line = eventLine(event);
    tally.add(line);
    if (lines.push(line) < CHUNK_LINES) continue;
    await write(asText(lines));
    lines = [];
    onProgress(tally.events);
  }
  const copied = tally.end();
  await write(asText([...lines, endLine(copied)]));
  return copied;
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
