// Every code block of the examples' READMEs is something that was compiled and run: a marked part of a source file, a command that
// was executed, a line that was printed.

import { readdirSync, readFileSync } from 'node:fs';
import { inRoot } from '../../scripts/lib/paths.mjs';

/** The code between `// README <name>` and `// README end`, as far left as it goes. */
function markedParts(source) {
  const parts = [];
  let open = null;
  for (const line of source.split('\n')) {
    const mark = /^\s*\/\/ README (\S+)$/.exec(line)?.[1];
    if (mark === undefined) open?.push(line);
    else if (mark === 'end') {
      const indent = Math.min(...open.filter((each) => each !== '').map((each) => /^ */.exec(each)[0].length));
      parts.push(open.map((each) => each.slice(indent)).join('\n'));
      open = null;
    } else open = [];
  }
  return parts;
}

/**
 * @param {string[]} examples
 * @param {{ executed: Iterable<string>, printed: string, files: Record<string, string[]> }} seen commands that were run, everything
 * that was printed, and for other languages the files whose whole text may be shown
 * @returns {string[]} blocks that are none of that, and marked parts that no README shows
 */
export function unproven(examples, { executed, printed, files }) {
  const commands = new Set(executed);
  const lines = new Set(printed.split(/\r?\n/));
  const problems = [];
  const sources = examples.flatMap((name) => readdirSync(inRoot('examples', name)).map((file) => `${name}/${file}`));
  const parts = new Map(
    sources
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => markedParts(readFileSync(inRoot('examples', file), 'utf8')).map((part) => [part, file])),
  );
  const shown = new Set();
  for (const name of examples) {
    const readme = readFileSync(inRoot('examples', name, 'README.md'), 'utf8');
    for (const [, language, body] of readme.matchAll(/^```(\w*)\n([\s\S]*?)\n```$/gm)) {
      const each = body.split('\n').filter((line) => line !== '');
      const proofs = {
        ts: () => parts.has(body) && shown.add(body),
        sh: () => each.every((line) => commands.has(line.replace(/\s+#.*$/, ''))),
        text: () => each.every((line) => lines.has(line)),
        ...Object.fromEntries(
          Object.entries(files).map(([kind, paths]) => [
            kind,
            () => paths.some((path) => readFileSync(inRoot('examples', path), 'utf8').trim() === body),
          ]),
        ),
      };
      if (!proofs[language]?.()) problems.push(`${name}/README.md shows what nothing proves:\n${body}`);
    }
  }
  for (const [part, file] of parts) if (!shown.has(part)) problems.push(`${file} marks what no README shows:\n${part}`);
  return problems;
}
