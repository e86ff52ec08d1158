/** --json and --csv: one document, rows that any reader takes, and nothing in them that a terminal or a spreadsheet obeys. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CSV_COLUMNS, csvHeading, csvRow } from '../../../../lib/cli/inspect/csv.js';
import { unreadable } from '../../../../lib/cli/inspect/inspected.js';
import { inspectBytes } from '../../../../lib/pe/index.js';
import { buildPe } from '../../../support/pe/build.js';
import { enclave, trustlet as trustletFile } from '../../../support/pe/samples.js';
import { signPe } from '../../../support/pe/sign.js';
import { document, trustlet } from '../capture.js';
import { folderOf } from './files.js';

const isWindows = process.platform === 'win32';
const isolated = trustletFile().bytes;
const folder = folderOf({
  'files/isolated.exe': isolated,
  'files/enclave.dll': enclave().bytes,
  'files/note.txt': 'text',
});

/** Everything that is there, in rows and cells: a reader of RFC 4180 of its own. */
const cellsOf = (csv: string): string[][] => {
  const rows: string[][] = [[]];
  let rest = csv;
  while (rest !== '') {
    const [whole = '', quoted, bare = '', end = ''] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest) ?? [];
    assert.notEqual(whole, '', `no cell at ${JSON.stringify(rest.slice(0, 80))}`);
    rows.at(-1)?.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end !== ',') rows.push([]);
    rest = rest.slice(whole.length);
  }
  assert.deepEqual(rows.pop(), []);
  return rows;
};

const columnOf = (rows: readonly string[][], name: string): string[] => {
  const [heading = [], ...others] = rows;
  const index = heading.indexOf(name);
  assert.notEqual(index, -1, name);
  return others.map((row) => row[index] ?? '');
};

describe('trustlet inspect --json', () => {
  test('one document with schema, files and counts', async () => {
    const run = await trustlet(['inspect', folder.at('files'), '--json']);
    assert.equal(run.code, 0);
    const found = document(run);
    assert.deepEqual(Object.keys(found), ['schema', 'files', 'counts', 'skipped']);
    assert.equal(found['schema'], 1);
    assert.equal(found['skipped'], 0);
    assert.deepEqual(found['counts'], {
      trustlet: 1,
      enclave: 1,
      undetermined: 0,
      neither: 0,
      'not-a-pe': 1,
      unreadable: 0,
    });
    const files = found['files'] as Record<string, unknown>[];
    assert.deepEqual(
      files.map(({ path, kind, trust }) => ({ path, kind, trust })),
      [
        { path: folder.at('files/enclave.dll'), kind: 'enclave', trust: 'not verified' },
        { path: folder.at('files/isolated.exe'), kind: 'trustlet', trust: 'not verified' },
      ],
    );
  });

  test('64-bit values are decimal strings', async () => {
    const run = await trustlet(['--json', 'inspect', folder.at('files/isolated.exe'), folder.at('files/enclave.dll')]);
    const [first, second] = document(run)['files'] as [Record<string, unknown>, Record<string, unknown>];
    assert.equal((first['headers'] as Record<string, unknown>)['imageBase'], '5368709120');
    assert.equal((first['policy'] as Record<string, unknown>)['applicationId'], '1');
    assert.equal((second['enclaveConfiguration'] as Record<string, unknown>)['enclaveSize'], '536870912');
    assert.equal(first['size'], isolated.length);
  });

  test('an unreadable file is an entry of its own; exit code 1', async () => {
    const run = await trustlet(['inspect', folder.at('missing'), '--json']);
    assert.equal(run.code, 1);
    assert.deepEqual(document(run)['files'], [
      {
        path: folder.at('missing'),
        kind: 'unreadable',
        error: `${folder.at('missing')} cannot be read: there is no such file.`,
      },
    ]);
  });

  test('nothing listed is an empty list', async () => {
    const run = await trustlet(['inspect', folder.at('files'), '--only', 'neither', '--json']);
    assert.deepEqual(document(run)['files'], []);
    assert.ok(run.out.includes('"files": [],\n'));
  });
});

describe('trustlet inspect --csv', () => {
  test('a row each, below a heading, ended by CR LF', async () => {
    const { code, out } = await trustlet(['inspect', folder.at('files'), '--csv', '--all']);
    assert.equal(code, 0);
    assert.ok(out.startsWith('path,kind,size,machine,bits,isDll,trustletId,etw,debug,crashDump,'));
    const rows = cellsOf(out);
    assert.deepEqual(
      rows.map((row) => row.length),
      [18, 18, 18, 18],
    );
    assert.deepEqual(columnOf(rows, 'path'), [
      folder.at('files/enclave.dll'),
      folder.at('files/isolated.exe'),
      folder.at('files/note.txt'),
    ]);
    assert.deepEqual(columnOf(rows, 'kind'), ['enclave', 'trustlet', 'not-a-pe']);
    assert.deepEqual(columnOf(rows, 'isDll'), ['true', 'false', '']);
    assert.deepEqual(columnOf(rows, 'trustletId'), ['', '1', '']);
    assert.deepEqual(columnOf(rows, 'debug'), ['', 'never', '']);
    assert.deepEqual(columnOf(rows, 'enclaveSecurityVersion'), ['7', '', '']);
    assert.deepEqual(columnOf(rows, 'enclaveDebuggable'), ['true', '', '']);
    assert.deepEqual(columnOf(rows, 'pageHashes'), ['4', '', '']);
    assert.deepEqual(columnOf(rows, 'signer'), ['CN=Throw-away enclave author', 'CN=Throw-away Windows publisher', '']);
    assert.deepEqual(columnOf(rows, 'ekus')[1], '1.3.6.1.4.1.311.10.3.37 1.3.6.1.4.1.311.10.3.6');
    assert.deepEqual(columnOf(rows, 'diagnoses'), ['0', '0', '1']);
  });

  test('an unreadable file has its error as its summary', async () => {
    const { code, out } = await trustlet(['inspect', folder.at('missing'), '--csv']);
    assert.equal(code, 1);
    assert.deepEqual(columnOf(cellsOf(out), 'summary'), [
      `${folder.at('missing')} cannot be read: there is no such file.`,
    ]);
  });

  test('commas and quotes are quoted', () => {
    const row = csvRow(unreadable('a "b", c', 'say "no"'));
    assert.equal(row, `"a ""b"", c",unreadable${','.repeat(16)}"say ""no"""\r\n`);
    assert.deepEqual(cellsOf(`${csvHeading}${row}`)[1]?.[0], 'a "b", c');
  });

  test('a cell that a spreadsheet would run begins with an apostrophe', () => {
    for (const path of ['=cmd|x', '+1', '-1', '@SUM(A1)'])
      assert.equal(csvRow(unreadable(path, '')).split(',')[0], `'${path}`);
    assert.equal(
      csvRow(unreadable('=HYPERLINK("x","y")', '')).slice(0, 26),
      `"'=HYPERLINK(""x"",""y"")"`.padEnd(26, ','),
    );
    assert.equal(csvRow(unreadable('a=b', '')).split(',')[0], 'a=b');
  });

  test('control characters stand as their code points, in a row of their own', () => {
    const row = csvRow(unreadable('\t=a\r\nb\u001b[2J', ''));
    assert.equal(row.split(',')[0], '\\u{9}=a\\u{d}\\u{a}b\\u{1b}[2J');
    assert.equal(row.indexOf('\n'), row.length - 1);
  });

  test('a signature without extended key usages, and without its signer, leaves cells empty', () => {
    const rows = [{ ekus: null }, { withCertificates: false }].map((options) =>
      csvRow({ path: 'x', ...inspectBytes(signPe(buildPe(), options).bytes) }),
    );
    const cells = cellsOf(`${csvHeading}${rows.join('')}`);
    assert.deepEqual(columnOf(cells, 'ekus'), ['', '']);
    assert.deepEqual(columnOf(cells, 'signer'), ['CN=Throw-away signer', '']);
    assert.equal(CSV_COLUMNS.length, 18);
  });
});

describe('hostile names', { skip: isWindows }, () => {
  const HOSTILE = '\u001b]0;owned\u0007\u001b[2J\r\u202e\u009b31m';
  const evil = folderOf();
  evil.add(
    `${HOSTILE}.dll`,
    signPe(buildPe({ sections: [{ name: '\u001b[2J' }], enclave: { imports: [{ name: HOSTILE }] } }), {
      subject: HOSTILE,
    }).bytes,
  );
  evil.add(
    'second.exe',
    buildPe({ policy: { applicationId: 7n, entries: [{ type: 11, id: 6, value: HOSTILE }] } }).bytes,
  );
  const path = evil.at(`${HOSTILE}.dll`);
  const rawCharacter = (text: string): string | undefined =>
    [...text].find((each) => /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(each) && each !== '\n');

  const forms: readonly (readonly [title: string, argv: readonly string[]])[] = [
    ['the account of one file', [path]],
    ['the account of one file, in a narrow window', [path, '--details']],
    ['lines', [evil.path]],
    ['accounts', [evil.path, '--details']],
    ['a path that cannot be read', [`${path}.missing`]],
    ['paths that cannot be read', [`${path}.missing`, path]],
    ['--json', [evil.path, '--json']],
  ];
  for (const [title, argv] of forms) {
    test(`reach no terminal raw: ${title}`, async () => {
      const { out, err } = await trustlet(['inspect', ...argv], { columns: 40 });
      assert.ok(out.includes('owned'));
      assert.equal(rawCharacter(out), undefined);
      assert.equal(rawCharacter(err), undefined);
    });
  }

  test('reach no terminal raw: --csv, whose rows alone end in CR LF', async () => {
    const { out } = await trustlet(['inspect', evil.path, '--csv']);
    assert.equal(rawCharacter(out.replaceAll('\r\n', '\n')), undefined);
    assert.equal(cellsOf(out).length, 3);
  });

  test('stand in --json as they are, for who parses it', async () => {
    const [file] = document(await trustlet(['inspect', path, '--json']))['files'] as Record<string, unknown>[];
    assert.equal(file?.['path'], path);
    assert.deepEqual(
      ((file?.['sections'] ?? []) as { name: string }[]).map(({ name }) => name).filter((name) => name.includes('2J')),
      ['\u001b[2J'],
    );
  });

  test('reach no terminal raw: the progress bar', async () => {
    let clock = 0;
    let drawn = '';
    await trustlet(['inspect', evil.path], {
      stderrColumns: 200,
      now: () => {
        clock += 2000;
        return clock;
      },
      stderr: {
        write: (text) => {
          drawn += text;
        },
      },
    });
    assert.ok(drawn.includes('owned'), JSON.stringify(drawn));
    assert.equal(rawCharacter(drawn.replaceAll('\r\u001b[K', '')), undefined);
  });
});
