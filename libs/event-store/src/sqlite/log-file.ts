import { join } from 'node:path';

/** Where the embedded log is below a data folder: whoever shares the folder shares the log. */
export function logFile(dataDir: string): string {
  return join(dataDir, 'log', 'events.sqlite');
}
