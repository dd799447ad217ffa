// Everything that must hold of the code besides its tests: a line for each, and the reasons of those that do not.
import { runGates } from './lib/gates.mjs';

const { failed } = await runGates();
process.exitCode = failed > 0 ? 1 : 0;
