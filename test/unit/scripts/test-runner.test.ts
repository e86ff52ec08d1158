import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

interface Tap {
  countTap(tap: string): { passed: number; failed: number; skipped: number; complete: boolean };
  countLastLine(output: string): { passed: number; failed: number } | undefined;
  failuresOf(spec: string): string;
}

interface Share {
  total: number;
  covered: number;
}

interface Evidence {
  writeEvidence(
    rows: readonly {
      readonly suite: { readonly name: string; readonly where: string };
      readonly outcome: { readonly passed: number; readonly failed: number };
      readonly seconds: number;
    }[],
    options: { readonly runs: string; readonly suites: readonly string[]; readonly to: string },
  ): Promise<string>;
}

interface Coverage {
  judge(files: Record<string, { lines: Share; branches: Share }>): { name: string; passed: boolean; text: string }[];
}

// From dist/test/unit/scripts; the scripts are not compiled and have no declarations.
const load = async (name: string): Promise<unknown> =>
  import(new URL(`../../../../scripts/lib/${name}`, import.meta.url).href);
const { countTap, countLastLine, failuresOf } = (await load('tap.mjs')) as Tap;
const { judge } = (await load('coverage.mjs')) as Coverage;
const { writeEvidence } = (await load('evidence.mjs')) as Evidence;

const summary = (fields: Record<string, number>): string =>
  Object.entries(fields)
    .map(([name, value]) => `# ${name} ${value}\r\n`)
    .join('');

describe('counts of a TAP file', () => {
  test('cancelled tests are failures and todo tests are skipped', () => {
    const tap = `TAP version 13\nok 1 - a\n1..1\n${summary({ tests: 15, suites: 3, pass: 7, fail: 2, cancelled: 1, skipped: 4, todo: 1 })}`;
    assert.deepEqual(countTap(tap), { passed: 7, failed: 3, skipped: 5, complete: true });
  });

  test('a run that ended before its summary is one failure, however many tests passed before', () => {
    assert.deepEqual(countTap('TAP version 13\nok 1 - a\nok 2 - b\n# tests 2\n# pass 2\n'), {
      passed: 0,
      failed: 1,
      skipped: 0,
      complete: false,
    });
  });
});

describe('counts of a program', () => {
  test('its last line tells them', () => {
    assert.deepEqual(countLastLine('3 passed, 4 failed\nmore\n12 passed, 1 failed\r\n\n'), { passed: 12, failed: 1 });
  });

  test('a line before the last one does not count', () => {
    assert.equal(countLastLine('12 passed, 1 failed\nthen it went on\n'), undefined);
  });
});

test('what failed is shown, without the tests that passed', () => {
  assert.equal(failuresOf('ok a\n✖ failing tests:\n\nx at y'), 'failing tests:\n\nx at y');
});

describe('coverage gates', () => {
  const share = (covered: number, total: number): Share => ({ covered, total });
  const full = { lines: share(10, 10), branches: share(4, 4) };
  const files = {
    'lib/guard/a.ts': full,
    'lib/layout/a.ts': full,
    'lib/native/a.ts': full,
    'lib/backends/driver-a.ts': full,
    'lib/pe/a.ts': full,
    'lib/open.ts': full,
    'lib/errors.ts': full,
  };
  const verdicts = (extra: Parameters<typeof judge>[0]): string =>
    judge({ ...files, ...extra })
      .map(({ name, passed }) => `${name} ${passed ? 'passed' : 'failed'}`)
      .join(', ');

  test('all pass at full coverage', () => {
    assert.equal(
      verdicts({}),
      'lib/guard passed, lib/layout passed, lib/native passed, lib/backends/driver*.ts passed, lib/pe passed, ' +
        'lib/open.ts passed, lib/errors.ts passed, lib passed',
    );
  });

  test('one uncovered branch in a hundred thousand fails the folder it is in', () => {
    const almost = { lines: share(10, 10), branches: share(99_999, 100_000) };
    assert.equal(
      verdicts({ 'lib/guard/b.ts': almost }),
      'lib/guard failed, lib/layout passed, lib/native passed, lib/backends/driver*.ts passed, lib/pe passed, ' +
        'lib/open.ts passed, lib/errors.ts passed, lib passed',
    );
    const [guard] = judge({ ...files, 'lib/guard/b.ts': almost });
    assert.match(guard?.text ?? '', /99\.99 % branches \(gate 100\); not full: lib\/guard\/b\.ts$/);
  });

  test('the library as a whole needs 95 % of its lines and of its branches', () => {
    const other = (lines: number, branches: number): Parameters<typeof judge>[0] => ({
      'lib/x.ts': { lines: share(lines, 40), branches: share(branches, 76) },
    });
    assert.match(verdicts(other(35, 71)), /lib passed$/);
    assert.match(verdicts(other(34, 71)), /lib failed$/);
    assert.match(verdicts(other(35, 70)), /lib failed$/);
  });

  test('a folder without any file fails', () => {
    assert.deepEqual(
      judge({}).map(({ passed, text }) => `${passed} ${text}`),
      Array.from({ length: 8 }, () => 'false no file'),
    );
  });
});

describe('the record of a long run', () => {
  const row = (name: string, failed: number) => ({
    suite: { name, where: 'this machine' },
    outcome: { passed: 3, failed },
    seconds: 1.6,
  });

  const suites = ['build', 'lint', 'unit'];
  const inFolder = async (use: (file: string) => Promise<void>): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'trustlet-'));
    try {
      await use(join(folder, 'evidence.json'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const rowsOf = (file: string): Record<string, unknown>[] =>
    (JSON.parse(readFileSync(file, 'utf8')) as { suites: Record<string, unknown>[] }).suites;

  test('a suite that passed is written down with its commit; one that failed is not', async () => {
    await inFolder(async (file) => {
      const said = await writeEvidence([row('build', 0), row('lint', 1)], { runs: '7', suites, to: file });
      assert.match(said, /: 1 suites, not lint\.$/);
      const [first, ...others] = rowsOf(file);
      assert.deepEqual(others, []);
      assert.deepEqual(
        [first?.['suite'], first?.['passed'], first?.['seconds'], first?.['propertyRuns']],
        ['build', 3, 2, 7],
      );
      assert.match(String(first?.['commit']), /^[0-9a-f]{40}$/);
    });
  });

  test('a later run of some suites leaves the rows of the others, and a failure does not take a row away', async () => {
    await inFolder(async (file) => {
      await writeEvidence([row('build', 0), row('unit', 0)], { runs: '7', suites, to: file });
      await writeEvidence([row('unit', 1), row('lint', 0)], { runs: '9', suites, to: file });
      assert.deepEqual(
        rowsOf(file).map((each) => [each['suite'], each['propertyRuns']]),
        [
          ['build', 7],
          ['lint', 9],
          ['unit', 7],
        ],
      );
    });
  });

  test('the row of a suite that is no more goes', async () => {
    await inFolder(async (file) => {
      await writeEvidence([row('build', 0), row('unit', 0)], { runs: '7', suites, to: file });
      await writeEvidence([row('build', 0)], { runs: '7', suites: ['build'], to: file });
      assert.deepEqual(
        rowsOf(file).map((each) => each['suite']),
        ['build'],
      );
    });
  });
});
