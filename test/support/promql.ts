const KEYWORDS = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'or',
  'and',
  'unless',
  'bool',
  'offset',
]);

/** The names of the metrics that an expression reads, those of a histogram's series by the histogram's own. */
export function metricsIn(expression: string): string[] {
  const bare = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replace(/\b(by|without|on|ignoring|group_left|group_right) *\([^)]*\)/g, '');
  const names = bare.match(/(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:]* *\()/g) ?? [];
  const metrics = names.filter((name) => !KEYWORDS.has(name));
  return [...new Set(metrics.map((name) => name.replace(/_(bucket|sum|count)$/, '')))];
}
