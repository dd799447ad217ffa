import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runQuietly } from './command.mjs';
import { ROOT } from './root.mjs';
import { tool } from './tool.mjs';

const FOLDER = 'libs/contract/src/generated';
const TEMPLATES = ['libs/contract/buf.gen.feed.yaml', 'libs/contract/buf.gen.api.yaml'];

/** The generated code is what the .proto files give today. */
export async function checkGenerated() {
  const fresh = mkdtempSync(join(tmpdir(), 'upgate-generated-'));
  try {
    for (const template of TEMPLATES) {
      const generated = await generate(template, fresh);
      if (!generated.ok) return generated;
    }
    const { ok, output } = await runQuietly(['diff', '-r', '--brief', FOLDER, join(fresh, FOLDER)]);
    return { ok, output: `${output}\nTo bring it up to date: npm run generate` };
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function generate(template, folder) {
  const plugins = join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${plugins}${delimiter}${process.env.PATH}` };
  return runQuietly(tool('buf', 'generate', '--template', template, '--output', folder), { env });
}
