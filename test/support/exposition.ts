/** A metric as Prometheus scrapes it. */
export interface ScrapedMetric {
  name: string;
  type: string;
  help: string;
  /** Of its samples, but those that belong to its type; undefined: it has no samples now. */
  labels: string[] | undefined;
}

/** Reads the text that a program shows at /metrics. */
export function parseExposition(text: string): ScrapedMetric[] {
  const blocks = text.split(/^(?=# HELP )/m).filter((block) => block.startsWith('# HELP '));
  return blocks.map((block) => {
    const [help = '', type = '', ...samples] = block.split('\n').filter((line) => line !== '');
    const [, name = '', what = ''] = /^# HELP (\S+) (.*)$/.exec(help) ?? [];
    return { name, type: type.split(' ').at(-1)!, help: what, labels: labelsOf(samples) };
  });
}

/** Scrapes the program at an address. */
export async function scrape(url: string): Promise<ScrapedMetric[]> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) throw new Error(`${url}/metrics answers ${response.status}`);
  return parseExposition(await response.text());
}

function labelsOf(samples: readonly string[]): string[] | undefined {
  if (samples.length === 0) return undefined;
  const names = samples.flatMap((sample) => sample.match(/\w+(?==")/g) ?? []);
  return [...new Set(names)].filter((name) => name !== 'le' && name !== 'quantile');
}
