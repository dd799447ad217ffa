import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { LastGood } from '#enforcer';
import { decodeEntry } from '#settings';
import { resourceId } from '../harness/customers.js';
import { serve } from '../harness/remote.js';
import { tableOf } from '../harness/settings.js';

const CHECKSUM_BYTES = 32;

/** The last good file of a node: what makes one, and what reads it and does nothing with it. */
export interface LastGoodFile {
  /** Saves the policy of so many resources in the folder of a node: the first one's WebSockets are off. */
  save(argument: { folder: string; resources: number }): Promise<void>;
  /** Reads the file, and parses every entry in it; how many there are. */
  parse(argument: { folder: string }): Promise<number>;
}

serve<LastGoodFile>({
  async save({ folder, resources }) {
    const { lastGood } = await LastGood.open(folder);
    const table = tableOf(resources);
    const first = table.get(resourceId(0))!;
    table.apply([{ ...first, websockets: { ...first.websockets, enabled: false } }]);
    await lastGood.saveWhole({ epoch: 'bench', position: BigInt(resources), table });
    await lastGood.close();
  },
  async parse({ folder }) {
    const bytes = await readFile(join(folder, 'policy.snapshot'));
    const records = bytes.subarray(bytes.indexOf('\n') + 1, -CHECKSUM_BYTES);
    return parsed(zstdDecompressSync(records));
  },
});

/** How many entries there are; each is forgotten when it is parsed, so that none costs memory. */
function parsed(records: Buffer): number {
  let count = 0;
  for (let start = 0; start < records.length; count += 1) {
    const end = start + records.readUInt32LE(start);
    decodeEntry(records.subarray(start, end));
    start = end;
  }
  return count;
}
