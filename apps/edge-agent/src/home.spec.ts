import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeOf } from './home.js';

describe('the name of a data folder', () => {
  let folder: string;
  let logged: string[];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });

  beforeEach(async () => {
    logged = [];
    folder = await mkdtemp(join(tmpdir(), 'upgate-home-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is the same with every start, and another in another folder', async () => {
    const home = homeOf(folder, logger);
    expect(homeOf(folder, logger)).toBe(home);
    const other = await mkdtemp(join(folder, 'other-'));
    expect(homeOf(other, logger)).not.toBe(home);
    expect(logged).toEqual([]);
  });

  it.each(['', 'cut o', 'x'.repeat(36)])('is made anew when its file holds %o', async (text) => {
    await writeFile(join(folder, 'home'), text);
    const home = homeOf(folder, logger);
    expect(home).not.toBe(text);
    expect(homeOf(folder, logger)).toBe(home);
  });

  it('is empty, and told of, when it cannot be kept', () => {
    expect(homeOf(join(folder, 'missing'), logger)).toBe('');
    expect(logged.join()).toContain('the name of the data folder cannot be kept');
  });
});
