import { existsSync, mkdirSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The bytes of a file; undefined if there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Replaces a file so that a crash at any moment leaves either the old one or the new one, whole. */
export async function writeAtomically(path: string, bytes: Buffer): Promise<void> {
  await using draft = new FileDraft(path, bytes);
  await draft.keep();
}

/** What is to become a file, written beside it from now on. Unless it is kept, it goes as it came, if it can. */
export class FileDraft implements AsyncDisposable {
  readonly #temporary: string;
  readonly #written: Promise<void>;
  #kept = false;

  constructor(
    private readonly path: string,
    bytes: Buffer,
  ) {
    this.#temporary = `${path}.tmp`;
    this.#written = writeSynced(this.#temporary, bytes);
    this.#written.catch(() => undefined);
  }

  /** Puts it in the place of the file. Rejects if it could not be written. */
  async keep(): Promise<void> {
    await this.#written;
    await rename(this.#temporary, this.path);
    this.#kept = true;
    await syncFolder(dirname(this.path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept) return;
    await this.#written.catch(() => undefined);
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }
}

/** Moves a file to its own name with `.bad` added. Does nothing if there is none. */
export async function keepAside(path: string): Promise<void> {
  try {
    await rename(path, `${path}.bad`);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  makeFolder(dirname(path));
  await using file = await open(path, 'w');
  await file.writeFile(bytes);
  await file.sync();
}

/** Node's own way tries for ever where no folder can be made, such as below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
