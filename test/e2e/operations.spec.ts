import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { anchorsOf } from '../support/markdown.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFile(join(ROOT, file), 'utf8');

describe('docs/operations.md', () => {
  let anchors: Set<string>;
  let text: string;
  beforeAll(async () => {
    text = await read('docs/operations.md');
    anchors = anchorsOf(text);
  });

  it('has a section for every alert', async () => {
    const alerts = await read('deploy/prometheus/alerts.yml');
    const books = [...alerts.matchAll(/runbook_url: docs\/operations\.md#(\S+)/g)].map((match) => match[1]!);
    expect(books.length).toBe([...alerts.matchAll(/- alert: /g)].length);
    expect(books.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });

  it('refers to sections that it has', () => {
    const references = [...text.matchAll(/\]\(#([\w-]+)\)/g)].map((match) => match[1]!);
    expect(references.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });
});
