import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stopWithParent } from '#platform';
import type { Row } from './harness/row.js';
import { renderTable, resultOf, type Result } from './harness/table.js';
import { versionsInUse } from './harness/versions.js';
import { ROWS } from './rows/index.js';

const RESULTS = join(import.meta.dirname.replace(/\/dist\/bench$/, '/bench'), 'results');

stopWithParent();
const { values } = parseArgs({
  options: { row: { type: 'string', multiple: true }, quick: { type: 'boolean', default: false } },
});
const unknown = values.row?.find((name) => !ROWS.some((row) => row.name === name));
if (unknown === undefined)
  await run(
    ROWS.filter(({ name }) => values.row?.includes(name) ?? true),
    values.quick,
  );
else fail(`--row ${unknown}: there is no such row, only ${ROWS.map(({ name }) => name).join(', ')}`);

async function run(rows: readonly Row[], quick: boolean): Promise<void> {
  const results: Result[] = [];
  for (const row of rows) results.push(...(await measure(row, quick)));
  process.stdout.write(`${renderTable(results)}\n`);
  const machine = { processors: availableParallelism(), model: cpus()[0]?.model, memoryBytes: totalmem() };
  const file = rows.length === ROWS.length ? 'latest.json' : 'latest-rows.json';
  await mkdir(RESULTS, { recursive: true });
  const report = { at: new Date().toISOString(), versions: await versionsInUse(), machine, quick, results };
  await writeFile(join(RESULTS, file), `${JSON.stringify(report, undefined, 2)}\n`);
}

/**
 * A row that fails is told and does not keep the others from being measured. What earlier work left for the disk is
 * written first.
 */
async function measure(row: Row, quick: boolean): Promise<Result[]> {
  execFileSync('sync');
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'upgate-bench-'));
  const progress = (text: string) => process.stderr.write(`${row.name}: ${text}\n`);
  try {
    await using stack = new AsyncDisposableStack();
    const comparisons = await row.measure({ quick, rounds: quick ? 5 : 7, folder, stack, progress });
    const results = comparisons.map((comparison) => resultOf(row, comparison));
    progress(`done in ${Math.round((performance.now() - started) / 1_000)} s\n${renderTable(results)}`);
    return results;
  } catch (error) {
    fail(`${row.name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
