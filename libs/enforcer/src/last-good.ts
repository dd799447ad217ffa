import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '#settings';
import { FileDraft, keepAside, readIfThere, writeAtomically } from './last-good-files.js';
import { encodeRecord, replay, type AcceptedChange } from './last-good-journal.js';

const SNAPSHOT = 'policy.snapshot';
const JOURNAL = 'policy.journal';
/** A journal smaller than this is never worth a new snapshot. */
const SMALL_JOURNAL = 1024 * 1024;

/** What a start found on disk. */
interface Found {
  lastGood: LastGood;
  /** Proven by its digest; undefined: there is none that could be used. */
  policy: Snapshot | undefined;
  /** What was not as it should be, and what was done about it, a sentence each. */
  findings: string[];
}

/** A policy on its way to the disk. Unless it was kept, nothing is left of it in the end. */
interface PolicyDraft extends AsyncDisposable {
  /** Resolves when it would survive a power cut; rejects if it could not be written. */
  keep(): Promise<void>;
}

/**
 * The last good policy of a node in a folder of its own: a snapshot, and a journal of the changes accepted since, so
 * that saving a change costs the change. What `saveChange` and `saveWhole` resolved for survives a power cut. To be
 * called one at a time, by one process.
 */
export class LastGood {
  readonly #snapshotPath: string;
  readonly #journalPath: string;
  #journal: FileHandle | undefined;
  #journalBytes = 0;
  #snapshotBytes = 0;
  /** The files hold the whole policy, so that a change can be appended. */
  #complete = false;

  private constructor(folder: string) {
    this.#snapshotPath = join(folder, SNAPSHOT);
    this.#journalPath = join(folder, JOURNAL);
  }

  /** Never throws: what cannot be read is told, kept aside as `.bad` and gone on without. */
  static async open(folder: string): Promise<Found> {
    const lastGood = new LastGood(folder);
    const findings: string[] = [];
    const policy = await lastGood.#loadSnapshot(findings);
    await lastGood.#loadJournal(policy, findings);
    return { lastGood, policy, findings };
  }

  /** Appends a change, or saves the whole policy after it when the journal has outgrown its snapshot. */
  async saveChange(change: AcceptedChange, policy: Snapshot): Promise<void> {
    const record = encodeRecord(change);
    const outgrown = this.#journalBytes + record.length > Math.max(SMALL_JOURNAL, this.#snapshotBytes);
    if (outgrown || !this.#complete) return this.saveWhole(policy);
    this.#complete = false;
    const journal = await this.#openJournal();
    await journal.appendFile(record);
    await journal.datasync();
    this.#journalBytes += record.length;
    this.#complete = true;
  }

  async saveWhole({ epoch, position, table }: Snapshot): Promise<void> {
    await using draft = this.draft(await encodeSnapshot(epoch, position, table));
    await draft.keep();
  }

  /** Begins to write a policy that is still to be judged; it counts from when it is kept. */
  draft(bytes: Buffer): PolicyDraft {
    const file = new FileDraft(this.#snapshotPath, bytes);
    return {
      keep: () => this.#keep(file, bytes.length),
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    };
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  /** A crash after the snapshot leaves records behind that it has made old: a start skips them. */
  async #keep(snapshot: FileDraft, bytes: number): Promise<void> {
    this.#complete = false;
    const journal = await this.#openJournal();
    await snapshot.keep();
    this.#snapshotBytes = bytes;
    await journal.truncate(0);
    this.#journalBytes = 0;
    this.#complete = true;
  }

  async #openJournal(): Promise<FileHandle> {
    this.#journal ??= await open(this.#journalPath, 'a');
    return this.#journal;
  }

  async #loadSnapshot(findings: string[]): Promise<Snapshot | undefined> {
    try {
      const bytes = await readIfThere(this.#snapshotPath);
      this.#snapshotBytes = bytes?.length ?? 0;
      return bytes && (await decodeSnapshot(bytes));
    } catch (error) {
      const aside = await this.#setAside(this.#snapshotPath);
      findings.push(`${SNAPSHOT} cannot be used: ${messageOf(error)}; ${aside}`);
      return undefined;
    }
  }

  async #loadJournal(policy: Snapshot | undefined, findings: string[]): Promise<void> {
    const fault = await this.#replayJournal(policy);
    if (fault === undefined) return;
    this.#complete = false;
    const proven = policy ? `; position ${policy.position} is proven` : '';
    findings.push(`${JOURNAL} cannot be used to its end: ${fault}${proven}; ${await this.#repair(policy)}`);
  }

  /** Tells why the journal does not count to its end. */
  async #replayJournal(policy: Snapshot | undefined): Promise<string | undefined> {
    try {
      const bytes = await readIfThere(this.#journalPath);
      this.#complete = policy !== undefined && bytes !== undefined;
      this.#journalBytes = bytes?.length ?? 0;
      if (!bytes || bytes.length === 0) return undefined;
      return policy ? replay(policy, bytes) : `${bytes.length} bytes without a snapshot that they follow`;
    } catch (error) {
      return `it cannot be read: ${messageOf(error)}`;
    }
  }

  /** Saves what the journal has proven before the journal goes: a crash in between repeats this. */
  async #repair(policy: Snapshot | undefined): Promise<string> {
    try {
      if (policy) await this.#replaceSnapshot(policy);
    } catch (error) {
      return `not repaired: ${messageOf(error)}`;
    }
    return this.#setAside(this.#journalPath);
  }

  async #replaceSnapshot({ epoch, position, table }: Snapshot): Promise<void> {
    const bytes = await encodeSnapshot(epoch, position, table);
    await writeAtomically(this.#snapshotPath, bytes);
    this.#snapshotBytes = bytes.length;
  }

  async #setAside(path: string): Promise<string> {
    try {
      await keepAside(path);
      return 'kept aside as .bad';
    } catch (error) {
      return `not kept aside: ${messageOf(error)}`;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
