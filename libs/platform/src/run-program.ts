import { refuseArguments } from './refuse-arguments.js';
import { stopWithParent } from './stop-with-parent.js';

const STOP_WITHIN_MS = 10_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program until it is asked to stop, and stops it within 10 s. If it cannot start, says why in one line on
 * standard error and ends with code 1.
 */
export async function runProgram(start: () => Promise<{ stop(): Promise<void> }>): Promise<void> {
  refuseArguments();
  stopWithParent();
  const asked = askedToStop();
  try {
    const program = await start();
    await asked;
    await program.stop();
  } catch (error) {
    end(error instanceof Error ? error.message : String(error));
  }
}

function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      setTimeout(() => end(`Not stopped within ${STOP_WITHIN_MS / 1000} s: ended.`), STOP_WITHIN_MS).unref();
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}

function end(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
