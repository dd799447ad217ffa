import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startInstance } from '../../../test/support/instance-process.js';
import { InstanceRunning, lockInstance } from './instance-lock.js';

describe('the lock of a data folder', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'upgate-lock-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  test('refuses a second process, naming the folder and the first', async () => {
    await using instance = await startInstance(dataDir);
    expect(() => lockInstance(dataDir)).toThrow(InstanceRunning);
    expect(() => lockInstance(dataDir)).toThrow(`(process ${instance.pid}) uses the data folder ${dataDir}`);
  });

  test('is free after kill -9', async () => {
    await using instance = await startInstance(dataDir);
    await instance.kill();
    expect(lockInstance(dataDir)).not.toThrow();
  });

  test('is free after release, and held until then', () => {
    const release = lockInstance(dataDir);
    expect(() => lockInstance(dataDir)).toThrow(`process ${process.pid}`);
    release();
    expect(lockInstance(dataDir)).not.toThrow();
  });

  test('names a folder that cannot be used, and the variable', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    expect(() => lockInstance(file)).toThrow(
      new RegExp(`^The data folder ${file} cannot be used: .+ Choose another folder with UPGATE_DATA\\.$`),
    );
  });

  test.skipIf(process.platform !== 'linux')('names a folder where none can be made', () => {
    expect(() => lockInstance('/proc/upgate/data')).toThrow(
      'The data folder /proc/upgate/data cannot be used',
    );
  });

  test('makes the folder if there is none', () => {
    expect(lockInstance(join(dataDir, 'deeper/still'))).not.toThrow();
  });
});
