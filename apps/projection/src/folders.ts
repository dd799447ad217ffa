import { join } from 'node:path';

/** Where the embedded log is. */
export function logFile(dataDir: string): string {
  return join(dataDir, 'log', 'events.sqlite');
}

/** Where the read model is, which one process at a time may use. */
export function readModelFolder(dataDir: string): string {
  return join(dataDir, 'projection');
}
