import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the .proto files, from the sources as well as from the build. */
export const PROTO_ROOT = findProtoRoot(import.meta.dirname);

function findProtoRoot(from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'libs/contract/proto');
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`the .proto files are missing: no libs/contract/proto above ${from}`);
}
