import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processStart } from './process-start.mjs';

const RETRY_MS = 100;

/** Runs `work` while this process alone holds the lock file `path`; waits for a live holder, and clears a dead one's. */
export async function holding(path, work) {
  await acquire(path);
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

async function acquire(path) {
  let told = false;
  while (!tryAcquire(path)) {
    const holder = read(path);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      clear(path, holder);
      continue;
    }
    if (!told) console.error(`Waiting for another set-up to finish (process ${holder.split(' ')[0]})…`);
    told = true;
    await delay(RETRY_MS);
  }
}

/** A link appears whole or not at all, so a lock never lacks its holder's name. */
function tryAcquire(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${processStart(process.pid)}`);
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function isAlive(holder) {
  const [pid, ...start] = holder.split(' ');
  return processStart(Number(pid)) === start.join(' ');
}

/** Two processes may clear at once: the one that took away a lock made since gives it back. */
function clear(path, holder) {
  const taken = `${path}.${process.pid}`;
  try {
    renameSync(path, taken);
    if (read(taken) !== holder) linkSync(taken, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(taken, { force: true });
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
