/** docs/explain.md: every known failure with its cause and next step, and every call that can be named. */
import { KNOWN_APIS } from '../lib/explain/apis.js';
import { rightsText } from '../lib/explain/case.js';
import { FAILURE_GROUPS } from '../lib/explain/failures.js';

const HEAD = `<!-- Written by scripts/docs.ts from lib/explain. Do not edit; run \`npm run docs\`. -->
# Explain: why did it fail?

\`vsm.explain(target, error?, context?)\` and \`trustlet explain [pid] [--error N] [--api NAME]\` answer from the tables below. They ask about
the target and the caller, and do nothing to either.

- \`target\`: a pid, an identity or a census row; \`null\` for what is about no process, such as a driver that does not load.
- \`error\`: a Win32 code, an NTSTATUS, an HRESULT \`0x8007…\`, or the very error that was caught (\`ntstatus\`, \`win32\`, \`operation\`).
  Left out where nothing failed and nothing happened either: an APC that never runs.
- \`context.api\`: the call that failed. \`Nt\` and \`Zw\`, \`Ex\`, \`A\` and \`W\` are all the same here, and so are capitals.
- \`context.posture\`: \`await vsm.postureAsync()\`, which knows what was configured; the command line passes it where no pid is given.

The answer has one line for people (\`summary\`) and \`causes\`, the likeliest first. Each has its \`evidence\`, \`seen\` (false: it follows
from what was seen, or is what remains), \`known\` and \`source\` (how the statement about Windows is known), and \`advice\`. A cause that
what was seen refutes is not listed. Access control is never claimed unless the very question was refused: it is what remains.

_Seen: emulated._ Nothing here was run on Windows; the sources are public ([sources.md](sources.md)).
`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
];

const code = (text: string): string => `\`${text}\``;

const cited = (source: string): string => source.replaceAll(/facts\/\w+\.md [\d., ]*\d/g, code);

const failuresPart: readonly string[] = FAILURE_GROUPS.flatMap(({ title, failures }) => [
  '',
  `## ${title}`,
  '',
  ...table(
    ['Failure', 'Cause', 'What is met', 'Why', 'Next step', 'Known', 'Source'],
    failures.map(({ id, cause, symptom, text, advice, known, source }) => [
      code(id),
      code(cause),
      symptom,
      text,
      advice,
      known,
      cited(source),
    ]),
  ),
]);

const apisPart: readonly string[] = [
  '',
  '## Calls that can be named',
  '',
  'Beside the names of the guarded operations. _Rights_ are what the call needs on its handle; a dash: the caller chooses them, or there is none.',
  '',
  ...table(
    ['Call', 'Operation', 'Rights', 'On a trustlet', 'Known', 'Source'],
    KNOWN_APIS.map(({ name, operation, acts, rights, onTrustlet, evidence, source }) => [
      code(name),
      operation === null ? '-' : code(operation),
      rights === null ? '-' : rightsText(rights, acts === 'thread' ? 'thread' : 'process'),
      onTrustlet ?? (acts === 'driver' ? 'about drivers' : 'about VBS'),
      evidence,
      cited(source),
    ]),
  ),
];

/** docs/explain.md. */
export const explainPage = (): string => `${[HEAD.trimEnd(), ...failuresPart, ...apisPart].join('\n')}\n`;
