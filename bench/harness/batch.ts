const PATH = '/v1/websockets:batch';

/** The body of a batch that switches the WebSockets of so many resources. */
export function batchBody(resources: number, enabled: boolean): string {
  const lines = Array.from({ length: resources }, (_, i) =>
    JSON.stringify({ id: `r-${i}`, enabled, reason: 'bench' }),
  );
  return `${lines.join('\n')}\n`;
}

/** Sends a body of NDJSON; the text of the answer. */
export async function postLines(port: number, body: string, path = PATH): Promise<string> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return text;
}

/** The highest position in the answers of a batch. Throws if one of its items changed nothing. */
export function positionAfter(answers: string): bigint {
  const lines = answers.trimEnd().split('\n');
  const useless = lines.find((line) => !line.includes('"changed":true'));
  if (useless !== undefined) throw new Error(`an item changed nothing: ${useless}`);
  return lines
    .map((line) => BigInt((JSON.parse(line) as { answer: { position: string } }).answer.position))
    .reduce((highest, position) => (position > highest ? position : highest), 0n);
}
