import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CANNOT_FILL } from './disk.js';
import { accountOf, isApplied } from './report.js';
import { runChaos } from './run.js';

const SEED = 'npm test';
const LIMIT_MS = 240_000;

it(
  `a minute of faults breaks no promise${CANNOT_FILL === undefined ? '' : ` (no disk is filled: ${CANNOT_FILL})`}`,
  async ({ signal: stop }) => {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-chaos-'));
    const onProgress = () => undefined;
    const { history, violations } = await runChaos({ seed: SEED, minutes: 1, folder, onProgress, stop });
    expect(violations, `${accountOf(violations)}\nhistory and logs: ${folder}`).toEqual([]);
    expect(history.recoveries.length).toBeGreaterThan(1);
    expect(history.events.length).toBeGreaterThan(100);
    expect(history.observations.length).toBeGreaterThan(100);
    expect(history.attempts.some(isApplied)).toBe(true);
    await rm(folder, { recursive: true });
  },
  LIMIT_MS,
);
