import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { protectionText } from '../../../lib/cli/process-text.js';
import { seenOn } from '../../../lib/cli/report.js';
import { type Paint, painter } from '../../../lib/cli/style.js';
import { renderTable } from '../../../lib/cli/table.js';
import { displayWidth, pad, printable, truncate, wrap } from '../../../lib/cli/text.js';
import { trustlet } from './capture.js';

const plain: Paint = (_style, text) => text;

describe('text for a terminal', () => {
  test('what a terminal would obey is shown as its code point', () => {
    assert.equal(
      printable('a\u0000b\u001bc\u009bd\u2028e\u200ff\ud800g'),
      'a\\u{0}b\\u{1b}c\\u{9b}d\\u{2028}e\\u{200f}f\\u{d800}g',
    );
    assert.equal(printable('größe 日本 🛡'), 'größe 日本 🛡');
  });

  test('wide characters take two columns, combining ones none', () => {
    assert.equal(displayWidth('abc'), 3);
    assert.equal(displayWidth('日本'), 4);
    assert.equal(displayWidth('🛡️'.normalize()), 2);
    assert.equal(displayWidth('e\u0301'), 1);
  });

  test('cutting leaves an ellipsis and never more than the width', () => {
    assert.equal(truncate('abcdef', 6), 'abcdef');
    assert.equal(truncate('abcdef', 4), 'abc…');
    assert.equal(truncate('日本語', 4), '日…');
    assert.equal(truncate('abc', 0), '…');
  });

  test('padding and wrapping', () => {
    assert.equal(pad('a', 3), 'a  ');
    assert.equal(pad('a', 3, 'right'), '  a');
    assert.equal(pad('abcd', 3), 'abcd');
    assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
    assert.deepEqual(wrap('immeasurable x', 4), ['immeasurable', 'x']);
    assert.deepEqual(wrap('', 4), ['']);
  });

  test('a table keeps its natural widths where they fit, and gives way in its flexible columns where not', () => {
    const columns = [{ heading: 'A' }, { heading: 'B', least: 3 }, { heading: 'C', align: 'right' as const, least: 2 }];
    const rows = [[{ text: 'xx' }, { text: 'flexible' }, { text: '1234' }]];
    assert.deepEqual(renderTable(columns, rows, plain, 100), ['A   B            C', 'xx  flexible  1234']);
    assert.deepEqual(renderTable(columns, rows, plain), ['A   B            C', 'xx  flexible  1234']);
    assert.deepEqual(renderTable(columns, rows, plain, 15), ['A   B         C', 'xx  flex…  1234']);
    assert.deepEqual(renderTable(columns, rows, plain, 1), ['A   B     C', 'xx  fl…  1…']);
  });

  test('a wrapping column continues below itself', () => {
    const columns = [{ heading: 'A' }, { heading: 'B', least: 5, wraps: true }];
    assert.deepEqual(renderTable(columns, [[{ text: 'x' }, { text: 'one two three' }]], plain, 10), [
      'A  B',
      'x  one two',
      '   three',
    ]);
  });

  test('protection in a word', () => {
    const of = (
      type: 'None' | 'ProtectedLight' | 'Protected' | 'unknown(5)',
      signer: 'None' | 'Lsa' | 'WinTcb',
    ): string => protectionText({ raw: 0, type, signer, audit: false });
    assert.equal(of('None', 'None'), '-');
    assert.equal(of('ProtectedLight', 'Lsa'), 'PPL-Lsa');
    assert.equal(of('Protected', 'WinTcb'), 'PP-WinTcb');
    assert.equal(of('unknown(5)', 'Lsa'), 'unknown(5)-Lsa');
    assert.equal(protectionText(null), '?');
  });

  test('the footer names a real backend, and marks a simulated one however narrow the terminal is', () => {
    const real = {
      name: 'ntdll',
      simulated: false,
      callerPid: 8,
      driver: null,
      fallback: null,
      description: 'Windows 10.0.26100',
    } as const;
    assert.equal(seenOn(real, { paint: plain, columns: undefined }), 'seen on: ntdll, Windows 10.0.26100');
    assert.equal(
      seenOn({ ...real, description: 'ntdll.dll on this system' }, { paint: plain, columns: 80 }),
      'seen on: ntdll.dll on this system',
    );
    const simulated = {
      name: 'emulated',
      simulated: true,
      callerPid: 8,
      driver: null,
      fallback: null,
      description: 'emulated machine, long: of many words',
    } as const;
    assert.equal(seenOn(simulated, { paint: plain, columns: 40 }), 'seen on: emulated machine, … (simulated)');
  });
});

describe('colours', () => {
  test('on a terminal only, and not where NO_COLOR or TERM=dumb asks for none', () => {
    const colours = (isTTY: boolean, env: Record<string, string>): boolean =>
      painter({ isTTY, env })('secure', 'x') !== 'x';
    assert.equal(colours(true, {}), true);
    assert.equal(colours(false, {}), false);
    assert.equal(colours(false, { FORCE_COLOR: '1' }), false);
    assert.equal(colours(true, { NO_COLOR: '1' }), false);
    assert.equal(colours(true, { NO_COLOR: '' }), true);
    assert.equal(colours(true, { TERM: 'dumb' }), false);
    assert.equal(painter({ isTTY: true, env: {} })('plain', 'x'), 'x');
  });

  test('colours change no character of any command’s text, and JSON never has any', async () => {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    for (const argv of ['list', 'status', 'check 4', 'guard read 4', 'explain 4', 'demo', 'demo hostile']) {
      const scenario = argv.startsWith('demo') ? '' : ' --scenario hostile';
      const coloured = await trustlet(argv + scenario, { isTTY: true, columns: 80 });
      const bare = await trustlet(argv + scenario, { isTTY: true, columns: 80, env: { NO_COLOR: '1' } });
      assert.notEqual(coloured.out, bare.out, argv);
      assert.equal(coloured.out.replaceAll(escapes, '').replaceAll(/ +$/gm, ''), bare.out, argv);
      assert.doesNotMatch((await trustlet(`${argv}${scenario} --json`, { isTTY: true })).out, escapes);
    }
  });
});
