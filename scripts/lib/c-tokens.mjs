// Reads C as tokens with their places, for scripts/mutate.mjs: enough of the language for the driver's own style.

const TOKEN =
  /(?<space>\s+|\/\*[\s\S]*?\*\/|\/\/[^\n]*)|(?<word>[A-Za-z_]\w*)|(?<number>0[xX][\da-fA-F]+[uUlL]*|\d+[uUlL]*)|(?<text>L?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])/y;

/**
 * @typedef {object} Token
 * @property {'word' | 'number' | 'text' | 'sign'} kind
 * @property {string} text
 * @property {number} start
 * @property {number} end
 */

/**
 * The tokens between two places of a text, comments and white space left out.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {Token[]}
 */
export function tokensOf(text, from = 0, to = text.length) {
  const tokens = [];
  TOKEN.lastIndex = from;
  while (TOKEN.lastIndex < to) {
    const start = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw new Error(`no token at ${start}: ${text.slice(start, start + 20)}`);
    if (groups.space !== undefined) continue;
    const kind = groups.word ? 'word' : groups.number ? 'number' : groups.text ? 'text' : 'sign';
    tokens.push({ kind, text: text.slice(start, TOKEN.lastIndex), start, end: TOKEN.lastIndex });
  }
  return tokens;
}

/** Preprocessor lines blanked out, so that places stay what they are. @param {string} text */
export const withoutDirectives = (text) =>
  text.replaceAll(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, (line) => line.replaceAll(/[^\n]/g, ' '));

/** Index of the sign that closes the one at `index`. @param {Token[]} tokens @param {number} index */
export function closing(tokens, index) {
  const [open, close] = { '(': ['(', ')'], '{': ['{', '}'], '[': ['[', ']'] }[tokens[index].text];
  let depth = 0;
  for (let at = index; at < tokens.length; at++) {
    if (tokens[at].text === open) depth++;
    if (tokens[at].text === close && --depth === 0) return at;
  }
  throw new Error(`nothing closes ${open} at ${tokens[index].start}`);
}

/**
 * The bodies in a C file that do something: functions and initialisers, not the declarations of structures.
 * @param {string} text
 * @returns {Token[][]} each with its braces
 */
export function bodiesOf(text) {
  const tokens = tokensOf(withoutDirectives(text));
  const bodies = [];
  let typedef = false;
  for (let index = 0; index < tokens.length; index++) {
    if (tokens[index].text === 'typedef') typedef = true;
    if (tokens[index].text === ';') typedef = false;
    if (tokens[index].text !== '{') continue;
    const end = closing(tokens, index);
    if (!typedef) bodies.push(tokens.slice(index, end + 1));
    index = end;
  }
  return bodies;
}
