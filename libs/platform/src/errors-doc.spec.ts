import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status as Grpc } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { ERRORS, type ErrorRow } from './error-table.js';

const DOC = join(import.meta.dirname, '../../../docs/errors.md');

it('docs/errors.md tells of every error, and of no other, as the table has it', async () => {
  const text = await readFile(DOC, 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.map(cellsOf)).toEqual(Object.entries(ERRORS).map(expectedCells));
});

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function expectedCells([code, { http, grpc, title, remedy }]: [string, ErrorRow]): string[] {
  return [`\`${code}\``, String(http), `\`${Grpc[grpc]}\``, title, remedy];
}
