import { Readable } from 'node:stream';
import { ApiError, invalidRequest, toProblem } from '#platform';
import type { BatchResult } from '../batch/batch.js';
import { linesOf } from '../batch/lines.js';

const MAX_LINE_BYTES = 64 * 1024;

/** The lines of an NDJSON body but the blank ones. Throws ApiError media_type_unsupported if it is another body. */
export function itemsOf(body: unknown): AsyncIterable<Buffer | undefined> {
  if (!(body instanceof Readable)) {
    throw new ApiError('media_type_unsupported', 'a batch must be sent as application/x-ndjson');
  }
  return withoutBlank(linesOf(body as AsyncIterable<Buffer>, MAX_LINE_BYTES));
}

/** The JSON of a line. Throws ApiError if it was too long or is not JSON. */
export function parseItem(line: Buffer | undefined): unknown {
  if (!line) throw new ApiError('body_too_large', `a line has at most ${MAX_LINE_BYTES} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch (error) {
    throw invalidRequest([
      { field: '', value: shortened(line), message: `is not JSON: ${messageOf(error)}` },
    ]);
  }
}

/** The lines that tell of results; an accepted item has the status `accepted`. */
export async function* linesOfResults(
  results: AsyncIterable<BatchResult>,
  accepted: number,
): AsyncGenerator<string> {
  for await (const result of results) yield `${JSON.stringify(toLine(result, accepted))}\n`;
}

function toLine(result: BatchResult, accepted: number): object {
  if ('convergence' in result) return result;
  const { index } = result;
  if ('answer' in result) return { index, status: accepted, answer: result.answer };
  const problem = toProblem(result.error);
  return { index, status: problem.status, problem };
}

async function* withoutBlank(lines: AsyncIterable<Buffer | undefined>): AsyncGenerator<Buffer | undefined> {
  for await (const line of lines) if (!line || line.toString().trim() !== '') yield line;
}

function shortened(line: Buffer): string {
  return line.toString().slice(0, 200);
}

function messageOf(error: unknown): string {
  return error instanceof SyntaxError ? error.message : 'it is not UTF-8';
}
