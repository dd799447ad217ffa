const start = performance.now();

/** Prints a line with the milliseconds since the demo began. */
export function tell(text: string): void {
  const at = Math.round(performance.now() - start);
  console.log(`${String(at).padStart(6)} ms  ${text}`);
}

/** Does the work, and tells what came of it and how long it took. */
export async function timed<T>(work: Promise<T>, describe: (result: T) => string): Promise<T> {
  const began = performance.now();
  const result = await work;
  tell(`${describe(result)} (${Math.round(performance.now() - began)} ms)`);
  return result;
}
