/** The snippets of a document that are marked to be run, `<!-- run -->`, in their order. */
export function snippetsOf(markdown: string, mark = 'run'): string[] {
  const marked = new RegExp(`<!-- ${mark} -->\\s+\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``, 'g');
  return [...markdown.matchAll(marked)].map((match) => match[1]!);
}

/** The anchors of its headings, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.matchAll(/^#{1,6} (.+)$/gm);
  return new Set([...headings].map((match) => anchorOf(match[1]!)));
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
