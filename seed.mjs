import { seedLog } from './dist/bench/harness/seed-log.js';
await seedLog('/tmp/rb', +process.argv[2], ()=>{});
