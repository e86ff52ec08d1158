/** Signs of life: none in the first second, a bar on a terminal, a line every ten seconds without one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { progressBarOn } from '../../../../lib/cli/progress.js';
import { displayWidth } from '../../../../lib/cli/text.js';
import { buildPe } from '../../../support/pe/build.js';
import { trustlet } from '../capture.js';
import { folderOf } from './files.js';

const CLEAR = '\r\u001b[K';

const barAt = (stderrColumns: number | undefined) => {
  const clock = { time: 100 };
  const drawn: string[] = [];
  const bar = progressBarOn({ stderr: { write: (text) => drawn.push(text) }, stderrColumns, now: () => clock.time });
  return { bar, clock, drawn };
};

describe('the progress bar', () => {
  test('says nothing in the first second, nor in the first ten without a terminal', () => {
    for (const [columns, silent] of [
      [undefined, 9999],
      [100, 999],
    ] as const) {
      const { bar, clock, drawn } = barAt(columns);
      clock.time += silent;
      bar.draw(5, 0.5, 'files read', 'x');
      bar.clear();
      assert.deepEqual(drawn, []);
    }
  });

  test('is one line with share, number, speed and place, drawn over at most ten times a second', () => {
    const { bar, clock, drawn } = barAt(100);
    clock.time += 1000;
    bar.draw(500, 0.25, 'files read', '/some/file');
    clock.time += 99;
    bar.draw(501, 0.26, 'files read', '/some/other');
    clock.time += 1;
    bar.draw(550, 0.5, 'files read', '/last');
    assert.deepEqual(drawn, [
      `${CLEAR}[######..................] 25 %, 500 files read, 500 a second  /some/file`,
      `${CLEAR}[############............] 50 %, 550 files read, 500 a second  /last`,
    ]);
    bar.clear();
    bar.clear();
    assert.deepEqual(drawn.slice(2), [CLEAR]);
  });

  test('without a terminal is a line every ten seconds, and never cleared', () => {
    const { bar, clock, drawn } = barAt(undefined);
    clock.time += 10_000;
    bar.draw(5000, 0.999, 'files read', 'x');
    clock.time += 9999;
    bar.draw(5001, 1, 'files read', 'x');
    clock.time += 1;
    bar.draw(10_000, 1, 'files read', 'x');
    bar.clear();
    assert.deepEqual(drawn, [
      'trustlet: 99 %, 5000 files read, 500 a second …\n',
      'trustlet: 100 %, 10000 files read, 500 a second …\n',
    ]);
  });

  test('fits its terminal: the place loses its beginning, then the line its end', () => {
    const place = `/a/folder/of/宽宽宽宽宽宽宽宽/𝒳𝒳𝒳𝒳${'/deep'.repeat(100)}/the-end`;
    for (let columns = 1; columns <= 160; columns += 1) {
      const { bar, clock, drawn } = barAt(columns);
      clock.time += 1000;
      bar.draw(10, 0.5, 'files read', place);
      const line = (drawn[0] ?? '').slice(CLEAR.length);
      assert.ok(displayWidth(line) <= Math.max(1, columns - 1), `${columns}: ${line}`);
      assert.doesNotMatch(line, /\p{Cs}/u);
      if (columns > 80) assert.match(line, /…\S*the-end$/);
    }
    const { bar, clock, drawn } = barAt(72);
    clock.time += 1000;
    bar.draw(10, 0.5, 'files read', '宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽宽');
    assert.ok(displayWidth((drawn[0] ?? '').slice(CLEAR.length)) <= 71);
  });

  test('has a clock of its own', () => {
    const drawn: string[] = [];
    progressBarOn({ stderr: { write: (text) => drawn.push(text) } }).draw(1, 0, 'files read', 'x');
    assert.deepEqual(drawn, []);
  });
});

describe('the progress of trustlet inspect', () => {
  const folder = folderOf({ 'a.dll': buildPe().bytes, 'b.txt': 'text', 'c.txt': 'text', 'd.dll': buildPe().bytes });
  /** Everything that was written, in its order. */
  const written = async (
    stderrColumns: number | undefined,
    step = 1000,
  ): Promise<(readonly [to: string, text: string])[]> => {
    const all: (readonly [string, string])[] = [];
    let time = 0;
    await trustlet(['inspect', folder.path, '--csv'], {
      stderrColumns,
      now: () => {
        time += step;
        return time;
      },
      stdout: { write: (text) => all.push(['out', text]) },
      stderr: { write: (text) => all.push(['err', text]) },
    });
    return all;
  };

  test('is cleared before anything is written, and at the end', async () => {
    let isDrawn = false;
    const all = await written(120);
    for (const [to, text] of all) {
      if (to === 'out') assert.ok(!isDrawn, text);
      else isDrawn = text !== CLEAR;
    }
    assert.ok(!isDrawn);
    assert.deepEqual(
      all.map(([to, text]) =>
        to === 'out' ? text.slice(0, text.indexOf(',')).replace(folder.prefix, '') : text === CLEAR ? 'clear' : 'bar',
      ),
      ['path', 'bar', 'clear', 'a.dll', 'bar', 'bar', 'bar', 'clear', 'd.dll'],
    );
    assert.match(all.find(([to]) => to === 'err')?.[1] ?? '', /\] 0 %, 1 files read, 1 a second {2}.*a\.dll$/);
  });

  test('is lines where stderr is no terminal', async () => {
    const lines = (await written(undefined, 10_000)).filter(([to]) => to === 'err').map(([, text]) => text);
    assert.equal(lines.length, 4);
    assert.equal(lines[3], 'trustlet: 75 %, 4 files read, 0 a second …\n');
  });

  test('takes its clear away with it when the last file is not listed', async () => {
    const all: string[] = [];
    let time = 0;
    await trustlet(['inspect', folder.at('b.txt'), folder.at('c.txt'), '--json', '--only', 'trustlet'], {
      stderrColumns: 120,
      now: () => {
        time += 1000;
        return time;
      },
      stderr: { write: (text) => all.push(text) },
    });
    assert.equal(all.at(-1), CLEAR);
  });
});
