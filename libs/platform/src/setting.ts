import { readFileSync } from 'node:fs';

/** What the environment says of one variable. */
export interface Setting {
  /** Undefined if it is absent or empty. */
  value?: string;
  /** The variable and its value, or the file that holds it: what a file holds may be a secret, and is never shown. */
  shown: string;
  /** Why it cannot be read. */
  problem?: string;
}

/** Reads UPGATE_X, or the file that UPGATE_X_FILE names: that is how containers are handed their secrets. */
export function readSetting(variable: string, env: NodeJS.ProcessEnv): Setting {
  const value = env[variable] ?? '';
  const fileVariable = `${variable}_FILE`;
  const file = env[fileVariable] ?? '';
  const shown = `${variable}=${JSON.stringify(withoutPassword(value))}`;
  if (file === '') return value === '' ? { shown } : { shown, value };
  const shownFile = `${fileVariable}=${JSON.stringify(file)}`;
  if (value !== '') return { shown: shownFile, problem: `cannot be given together with ${variable}` };
  return { shown: shownFile, ...readText(file) };
}

/** An address may hold one; of several addresses, all up to the last one's. */
function withoutPassword(text: string): string {
  return text.replace(/\/\/.*@/s, '//***@');
}

/** Without the end of its last line. */
function readText(file: string): Pick<Setting, 'value' | 'problem'> {
  try {
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { problem: 'the file is empty' } : { value };
  } catch (error) {
    return { problem: `the file cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  }
}
