// Every small wrong turn in a C file, one at a time: comparisons flipped and weakened, masks and constants changed, statuses
// replaced, releases and assignments dropped, failures returned as success. For scripts/mutate.mjs.

import { bodiesOf, closing, tokensOf } from './c-tokens.mjs';

/**
 * @typedef {object} Mutant
 * @property {string} file
 * @property {number} line
 * @property {string} kind
 * @property {string} from
 * @property {string} to
 * @property {string} key names it without its line number: `file :: the line :: what changed`
 * @property {(text: string) => string} apply
 */

const COMPARISONS = {
  '==': ['!='],
  '!=': ['=='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
};
const LOGIC = { '&&': ['||'], '||': ['&&'] };
const BITS = { '<<': ['>>'], '>>': ['<<'], '|=': ['&='], '&=': ['|='] };
const ARITHMETIC = {
  '+': ['-'],
  '-': ['+'],
  '*': ['+'],
  '/': ['*'],
  '%': ['+'],
  '++': ['--'],
  '+=': ['-='],
  '-=': ['+='],
};
const BINARY_BITS = { '&': ['|'], '|': ['&'] };

const MASK =
  /^TL_(?:PRESENT|EXPECT|FLAG|CAPABILITY)_|^TL_CENSUS_(?:RESUME|MORE)$|_OPERATIONS$|_MASK$|^KNOWN_|^TL_SECURE_KERNEL_RUNNING$/;
const ENUMERATOR =
  /^TL_(?:VERDICT|REASON|EVIDENCE|IDENTITY|THREAD|DECISION|KIND|ACQUISITION|CONSENT|STATUS_CLASS|STATUS_FROM|VERDICT_FROM)_/;
const SWAPPED = {
  TRUE: 'FALSE',
  FALSE: 'TRUE',
  UserMode: 'KernelMode',
  KernelMode: 'UserMode',
  PagedPool: 'NonPagedPoolNx',
  NonPagedPoolNx: 'PagedPool',
};
const RELEASES = /^(?:TlFree|TlFreeProcessList|ObDereferenceObject|ObfDereferenceObject|ZwClose|ExFreePoolWithTag)$/;
/** Expand to nothing that a test on Linux can see. */
const SILENT = /^(?:PAGED_CODE|UNREFERENCED_PARAMETER)$/;

const isOperand = (token) =>
  token !== undefined &&
  (token.kind !== 'sign' || token.text === ')' || token.text === ']') &&
  !/^(?:return|case|sizeof)$/.test(token.text);

/** What a token may turn into. @returns {[string, string[]] | undefined} kind and replacements */
function alternatives(tokens, index, constants) {
  const { kind, text } = tokens[index];
  const before = tokens[index - 1];
  if (kind === 'sign') {
    if (COMPARISONS[text]) return ['comparison', COMPARISONS[text]];
    if (LOGIC[text]) return ['logic', LOGIC[text]];
    if (BITS[text]) return ['bits', BITS[text]];
    if (text === '!' || text === '~') return ['negation', ['']];
    if (BINARY_BITS[text] && isOperand(before) && !isCast(tokens, index - 1)) return ['bits', BINARY_BITS[text]];
    if (text === '*' && (!isOperand(before) || isDeclaration(tokens, index) || isCast(tokens, index - 1)))
      return undefined;
    if (ARITHMETIC[text] && (isOperand(before) || text.length === 2)) return ['arithmetic', ARITHMETIC[text]];
    return undefined;
  }
  if (kind === 'number') return ['constant', [`(${text} + 1)`]];
  if (kind !== 'word') return undefined;
  if (text === 'STATUS_SUCCESS') return ['status', ['STATUS_UNSUCCESSFUL']];
  if (text.startsWith('STATUS_'))
    return ['status', [text === 'STATUS_UNSUCCESSFUL' ? 'STATUS_DATA_ERROR' : 'STATUS_UNSUCCESSFUL', 'STATUS_SUCCESS']];
  if (SWAPPED[text]) return ['constant', [SWAPPED[text]]];
  if (MASK.test(text)) return ['mask', [`(${text} << 1)`, '0xFFFFFFFFu']];
  if (ENUMERATOR.test(text)) return ['constant', [`(${text} ^ 1)`]];
  if (constants.has(text)) return ['constant', [`(${text} + 1)`]];
  return undefined;
}

/** `(UINT8)` before the token after it: the closing parenthesis ends a cast, not an operand. */
function isCast(tokens, index) {
  if (tokens[index]?.text !== ')') return false;
  const inside = [];
  for (let at = index - 1; at >= 0 && tokens[at].text !== '('; at--) inside.push(tokens[at].text);
  return (
    inside.length > 0 &&
    inside.every((text) => text === '*' || text === 'const' || /^[A-Z][A-Z0-9_]+$/.test(text)) &&
    inside.some((text) =>
      /^(?:U?INT|U?LONG|PVOID|VOID|HANDLE|NTSTATUS|SIZE_T|U?CHAR|WCHAR|USHORT|TL_|P[A-Z])/.test(text),
    )
  );
}

/** `TL_X *Name` rather than a product. */
const isDeclaration = (tokens, index) =>
  /^(?:const|VOID|PVOID|U?INT\d*|U?LONG\d*|UCHAR|TL_[A-Z_]+|MESSAGE|[A-Z][A-Z0-9_]{2,})$/.test(tokens[index - 1].text);

function* ofTokens(tokens, constants) {
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    const found = alternatives(tokens, index, constants);
    for (const to of found?.[1] ?? []) yield { kind: found[0], start: token.start, end: token.end, to };
    const call = token.kind === 'word' && tokens[index + 1]?.text === '(' ? closing(tokens, index + 1) : undefined;
    if (call === undefined) continue;
    if (token.text === 'sizeof')
      yield { kind: 'constant', start: token.start, end: tokens[call].end, to: (text) => `(${text} - 1)` };
    if (token.text === 'NT_SUCCESS')
      yield {
        kind: 'failure ignored',
        start: token.start,
        end: tokens[call].end,
        to: (text) => `((void)${text.slice('NT_SUCCESS'.length)}, 1)`,
      };
  }
}

/** The statements of a body that are no declarations: from the token after `;`, `{`, `}` or a label to the next `;`. */
function* statementsOf(tokens) {
  let start = 1;
  let depth = 0;
  for (let index = 1; index < tokens.length; index++) {
    const { text } = tokens[index];
    if (text === '(' || text === '[') depth++;
    if (text === ')' || text === ']') depth--;
    if (depth > 0) continue;
    if (text === ';') {
      yield tokens.slice(start, index + 1);
      start = index + 1;
    } else if (
      text === '{' ||
      text === '}' ||
      (text === ':' && !tokens.slice(start, index).some((token) => token.text === '?'))
    ) {
      start = index + 1;
    }
  }
}

function dropped(statement) {
  const texts = statement.map(({ text }) => text);
  if (texts[0] === 'goto' || texts[0] === 'continue') return 'jump dropped';
  let at = texts[0] === '(' && texts[1] === 'VOID' && texts[2] === ')' ? 3 : 0;
  if (/^[A-Za-z_]\w*$/.test(texts[at]) && texts[at + 1] === '(' && closing(statement, at + 1) === statement.length - 2)
    return SILENT.test(texts[at]) ? undefined : RELEASES.test(texts[at]) ? 'release dropped' : 'call dropped';
  while (texts[at] === '*' || texts[at] === '(') at++;
  const target = texts.findIndex(
    (text) => text === '=' || text === '|=' || text === '&=' || text === '+=' || text === '-=',
  );
  if (target === -1 || /^(?:return|const|static|case)$/.test(texts[0])) return undefined;
  // Two words in a row, or a star between two, are a declaration.
  const left = statement.slice(0, target);
  const declares = left.some(
    (token, index) =>
      index > 0 &&
      token.kind === 'word' &&
      (left[index - 1].kind === 'word' || (left[index - 1].text === '*' && index > 1)),
  );
  return declares ? undefined : 'assignment dropped';
}

function* ofStatements(tokens) {
  for (const statement of statementsOf(tokens)) {
    if (statement.length < 2) continue;
    const [first, second] = statement;
    const place = { start: first.start, end: statement.at(-1).end };
    if (first.text === 'return' && second.text === 'Status' && statement.length === 3)
      yield { kind: 'failure returned as success', ...place, to: 'return STATUS_SUCCESS;' };
    const kind = dropped(statement);
    if (kind !== undefined) yield { kind, ...place, to: ';' };
  }
}

/** Values of `#define NAME 1u` and the like. */
function* ofDefinitions(text) {
  for (const match of text.matchAll(/^[ \t]*#define[ \t]+\w+[ \t]+(\(?[^\n\\]*)$/gm)) {
    const from = match.index + match[0].length - match[1].length;
    const value = match[1].replace(/\/\*.*$/, '');
    for (const token of tokensOf(text, from, from + value.length))
      if (token.kind === 'number')
        yield { kind: 'constant', start: token.start, end: token.end, to: `(${token.text} + 1)` };
      else if (token.kind === 'sign' && token.text === '|')
        yield { kind: 'bits', start: token.start, end: token.end, to: '&' };
  }
}

/**
 * @param {string} file name that the mutants carry
 * @param {string} text
 * @param {Set<string>} constants names of object-like macros that are numbers
 * @returns {Mutant[]}
 */
export function mutantsOf(file, text, constants) {
  const changes = [...ofDefinitions(text)];
  for (const body of bodiesOf(text)) changes.push(...ofTokens(body, constants), ...ofStatements(body));
  changes.sort((left, right) => left.start - right.start || left.end - right.end);
  const seen = new Map();
  return changes.map(({ kind, start, end, to }) => {
    const from = text.slice(start, end);
    const becomes = typeof to === 'function' ? to(from) : to;
    const line = text.slice(0, start).split('\n').length;
    const shown = (code) => code.replaceAll(/\s+/g, ' ');
    const name = `${file} :: ${text.split('\n')[line - 1].trim()} :: ${shown(from)} => ${shown(becomes) || 'nothing'}`;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return {
      file,
      line,
      kind,
      from: shown(from),
      to: shown(becomes),
      key: count === 1 ? name : `${name} :: ${count}`,
      apply: (source) => source.slice(0, start) + becomes + source.slice(end),
    };
  });
}

/** Names of object-like macros with a value, from headers. @param {string[]} texts */
export const constantsIn = (texts) =>
  new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/^[ \t]*#define[ \t]+([A-Z]\w*)[ \t]+(?=[(\d])[^\n]*$/gm)].map(([, name]) => name),
    ),
  );
