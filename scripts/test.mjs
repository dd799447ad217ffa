// The gates, then the tests; the last line counts both. Arguments choose tests, as for vitest,
// and then the build is the only gate.
import { BUILD, runGates } from './lib/gates.mjs';
import { runTests } from './lib/tests.mjs';

const filters = process.argv.slice(2);
const gates = await runGates(filters.length > 0 ? [BUILD] : undefined);
const tests = await runTests(filters);
const failed = gates.failed + tests.failed;
console.log(`${gates.passed + tests.passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
