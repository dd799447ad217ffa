import { DatabaseSync } from 'node:sqlite'; import fs from 'node:fs';
import { INDEXES } from './dist/apps/projection/src/read-model/schema.js';
const src='/tmp/rb/rm/read-model.sqlite';
for (const pre of ['', 'PRAGMA mmap_size=8000000000', 'PRAGMA cache_size=-1500000', 'PRAGMA threads=3;PRAGMA mmap_size=8000000000']) {
 fs.copyFileSync(src,'/tmp/rb/x.sqlite'); const db=new DatabaseSync('/tmp/rb/x.sqlite'); db.exec('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;');
 for (const i of INDEXES.split(';').filter(x=>x.includes('CREATE'))) db.exec('DROP INDEX '+i.match(/INDEX (\w+)/)[1]);
 db.exec(pre); const out=[]; const t0=performance.now();
 db.exec('BEGIN');
 for (const i of INDEXES.split(';').filter(x=>x.includes('CREATE'))) { const t=performance.now(); db.exec(i); out.push(i.match(/INDEX (\w+)/)[1]+' '+(performance.now()-t).toFixed(0)); }
 db.exec('COMMIT'); console.log(pre||'plain',(performance.now()-t0).toFixed(0),out.join(', ')); db.close();
}
console.log(fs.statSync(src).size);
