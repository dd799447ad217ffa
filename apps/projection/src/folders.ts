import { join } from 'node:path';

/** As configured. */
export interface Folders {
  data: string;
  readModel?: string;
}

/** Where the read model of a replica is. One process at a time may use it. */
export function readModelFolder({ data, readModel }: Folders): string {
  return readModel ?? join(data, 'projection');
}
