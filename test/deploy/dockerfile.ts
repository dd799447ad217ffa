import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The instructions of docker/Dockerfile, continued lines joined. */
const INSTRUCTIONS = readFileSync(join(import.meta.dirname, '../../docker/Dockerfile'), 'utf8')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n');

function argumentsOf(instruction: string): string[] {
  const start = `${instruction} `;
  return INSTRUCTIONS.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

/** What is run to build the image, in order. */
export const STEPS = argumentsOf('RUN');

/** The images that it is made from; its own stages have no version. */
export const BASES = argumentsOf('FROM')
  .map((from) => from.split(' ', 1)[0]!)
  .filter((image) => image.includes(':'));

/** The environment that the image gives every program. */
export const SETTINGS: Readonly<Record<string, string>> = Object.fromEntries(
  argumentsOf('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=') as [string, string])),
);
