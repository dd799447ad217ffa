import type { Comparison, Target } from './row.js';
import { median } from './statistics.js';

/** A comparison with its outcome, as the table and the JSON file show it. */
export interface Result extends Comparison {
  row: string;
  title: string;
  medians: { ours: number; against: number | undefined };
  /** Ours to theirs; without theirs, ours alone. */
  ratio: number;
  /** Undefined without a target. */
  met: boolean | undefined;
  command: string;
}

export function resultOf(row: { name: string; title: string }, comparison: Comparison): Result {
  const ours = median(comparison.ours);
  const against = comparison.against && median(comparison.against.samples);
  const ratio = against === undefined ? ours : ours / against;
  return {
    row: row.name,
    title: row.title,
    ...comparison,
    medians: { ours, against },
    ratio,
    met: comparison.target && isMet(ratio, comparison.target),
    command: `npm run bench -- --row ${row.name}`,
  };
}

function isMet(ratio: number, target: Target): boolean {
  return 'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast;
}

const HEADINGS = ['row', 'case', 'Upgate', 'against', '', 'ratio', 'target', 'met'];

/** The results as a table of Markdown, which reads well on a terminal too. */
export function renderTable(results: readonly Result[]): string {
  const rows = [HEADINGS, ...results.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0]!, rule, ...lines.slice(1)].join('\n');
}

function cells(result: Result): string[] {
  const { row, unit, medians, against, ratio, target, met } = result;
  return [
    row,
    result.case,
    `${round(medians.ours)} ${unit}`,
    against?.name ?? 'a number',
    medians.against === undefined ? '' : `${round(medians.against)} ${unit}`,
    against ? `${round(ratio)}x` : '',
    target ? `${render(target)}${against ? 'x' : ` ${unit}`}` : '',
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

function render(target: Target): string {
  return 'atMost' in target ? `<= ${round(target.atMost)}` : `>= ${round(target.atLeast)}`;
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();
}
