/**
 * Holds a host to the kept transcript. `TRUSTLET_WRITE_TRANSCRIPT=1` writes the file anew from the emulated machine, and every other host is
 * then held to that.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ContractHost } from '../../lib/testing/index.js';
import { lineDiff } from '../support/line-diff.js';
import { transcriptOf } from './transcript.js';

/** The compiled tests read the source's file. */
const FILE = new URL('../../../test/contract/transcript.golden.txt', import.meta.url);
const HEADING = '== ';

const textOf = (chapters: ReadonlyMap<string, string>): string =>
  [...chapters].map(([title, text]) => `${HEADING}${title}\n${text}\n`).join('\n');

/** The kept text without the chapters that a host cannot tell. */
const without = (kept: string, missing: readonly string[]): string =>
  kept
    .split(/\n(?=== )/)
    .filter((chapter) => !missing.some((title) => chapter.startsWith(`${HEADING}${title}\n`)))
    .join('\n');

/** @param missing titles of the chapters that this host cannot tell: no more and no fewer */
export const holdToTranscript = (host: ContractHost, missing: readonly string[]): void => {
  test(`${host.name} (${host.seenOn}) tells the transcript that every backend tells`, () => {
    const told = transcriptOf(host);
    if (process.env['TRUSTLET_WRITE_TRANSCRIPT'] === '1' && host.seenOn === 'emulated') {
      writeFileSync(FILE, textOf(told));
    }
    const kept = readFileSync(FILE, 'utf8').replaceAll('\r\n', '\n');
    const titles = [...kept.matchAll(/^== (.*)$/gm)].map(([, title = '']) => title);
    assert.deepEqual(
      titles.filter((title) => !told.has(title)),
      missing,
      'what this host cannot tell',
    );
    const difference = lineDiff(without(kept, missing), textOf(told));
    assert.ok(
      difference === '',
      `transcript.golden.txt (-) and ${host.name} (+) differ. Where that is meant, write it anew:\n` +
        `TRUSTLET_WRITE_TRANSCRIPT=1 node --test dist/test/contract/transcript.test.js\n${difference}`,
    );
  });
};
