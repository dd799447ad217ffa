import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { makeFolder, type EventStore } from '#event-store';
import { SettingsTable } from '#settings';
import { ReadModel, ReadModelUnusable } from './read-model.js';

/** The read model has seen events that the log of the same epoch does not hold. Only a person can mend this. */
class LogShortened extends Error {
  override readonly name = 'LogShortened';
}

export interface OpenedReadModel {
  readModel: ReadModel;
  /** The settings that the rows hold, by id and by hostname. */
  table: SettingsTable;
}

/**
 * Opens the read model in the folder. One that is damaged, of another schema or of another log is thrown away, so that
 * it is rebuilt from the log. Throws LogShortened if the log has lost events that the read model has seen.
 */
export async function openReadModel(
  folder: string,
  store: EventStore,
  logger: Logger,
): Promise<OpenedReadModel> {
  makeFolder(folder);
  const file = join(folder, 'read-model.sqlite');
  const epoch = await store.epoch();
  const opened = openOrDiscard(file, epoch, logger);
  const { position } = opened.readModel.checkpoint();
  const head = await store.head();
  if (position > head) {
    opened.readModel.close();
    throw new LogShortened(
      `the log ends at position ${head} but the read model has seen ${position}: ` +
        `the log was shortened or put back without a new epoch. ` +
        `Put the whole log back.`,
    );
  }
  return opened;
}

function openOrDiscard(file: string, epoch: string, logger: Logger): OpenedReadModel {
  try {
    return open(file, epoch);
  } catch (error) {
    if (!(error instanceof ReadModelUnusable)) throw error;
    logger.warn({ file, reason: error.message }, 'the read model is rebuilt from the log');
    discard(file);
    return open(file, epoch);
  }
}

function open(file: string, epoch: string): OpenedReadModel {
  const readModel = new ReadModel(file, epoch);
  try {
    const { epoch: own } = readModel.checkpoint();
    if (own !== epoch) throw new ReadModelUnusable(`it is of the log ${own}, the log is ${epoch}`);
    return { readModel, table: readModel.loadSettings() };
  } catch (error) {
    readModel.close();
    throw error;
  }
}

function discard(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}
