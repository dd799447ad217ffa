import type { Fault } from './server.js';

/** What the test server's process is told, a line of JSON each; it answers each with a line that says how it stands. */
export type Order =
  | { do: 'fault'; fault: Fault }
  | { do: 'forgive' }
  | { do: 'lead'; leading: boolean }
  | { do: 'drop' }
  | { do: 'stop' }
  | { do: 'listen' }
  | { do: 'look' };

export interface Standing {
  port: number;
  /** How many events it holds, by stream. */
  streams: Record<string, number>;
  /** How many faults are still to befall. */
  faults: number;
}
