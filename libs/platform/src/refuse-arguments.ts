const HELP = ['--help', '-h'];
const USAGE = 'Upgate takes no arguments: environment variables configure it, see the README.\n';

/** Ends a program that was given arguments, before it does anything: whoever asks for help wants nothing done. */
export function refuseArguments(): void {
  const [argument] = process.argv.slice(2);
  if (argument === undefined) return;
  if (HELP.includes(argument)) {
    process.stdout.write(USAGE);
    process.exit();
  }
  process.stderr.write(`Cannot take ${argument}. ${USAGE}`);
  process.exit(1);
}
