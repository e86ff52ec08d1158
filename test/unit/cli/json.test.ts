import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stringify } from '../../../lib/cli/json.js';
import { boot } from '../../../lib/emulator/index.js';
import { open } from '../../../lib/open.js';
import { document, trustlet } from './capture.js';

/** DEL, C1 (CSI), bidi override, soft hyphen, line separator, a tag character, a lone surrogate. */
const HOSTILE = 'a\u007fb\u009b31mc\u202ed\u00ade\u2028f\u{e0041}g\ud800h';
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

describe('JSON documents', () => {
  test('hold no character that a terminal would obey, and say the same all the same', () => {
    const text = stringify({ name: HOSTILE, plain: 'größe 日本 🛡' });
    assert.doesNotMatch(text.replaceAll('\n', ''), OBEYED);
    assert.deepEqual(JSON.parse(text), { name: HOSTILE, plain: 'größe 日本 🛡' });
    assert.ok(text.includes('a\\u007fb\\u009b31mc\\u202ed\\u00ade\\u2028f\\udb40\\udc41g\\ud800h'), text);
    assert.ok(text.includes('größe 日本 🛡'), 'what is harmless stays readable');
  });

  test('of a command show a hostile image name, and hostile words in an error, escaped', async () => {
    const plain = boot('plain').scenario;
    const machine = boot({ ...plain, processes: [...plain.processes, { label: 'x', image: HOSTILE }] });
    const listed = await trustlet('list --json', { open: () => open({ backend: machine }) });
    assert.doesNotMatch(listed.out.replaceAll('\n', ''), OBEYED);
    const { processes } = document(listed) as { processes: readonly { readonly name: string }[] };
    assert.ok(processes.some(({ name }) => name === HOSTILE));
    const wrong = await trustlet(['check', HOSTILE, '--json']);
    assert.equal(wrong.code, 2);
    assert.doesNotMatch(wrong.out.replaceAll('\n', ''), OBEYED);
  });
});
