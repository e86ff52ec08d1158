/** What `trustlet inspect` refuses before it reads anything. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseKinds } from '../../../../lib/cli/commands/inspect.js';
import { document, trustlet } from '../capture.js';

const REFUSED: readonly (readonly [argv: string, message: string])[] = [
  ['inspect', "missing required argument 'paths'; see trustlet --help."],
  [
    'inspect x --only trustlets',
    "--only takes kinds, separated by commas: trustlet, enclave, undetermined, neither, not-a-pe, unreadable; got 'trustlets'.",
  ],
  [
    'inspect x --only trustlet,',
    "--only takes kinds, separated by commas: trustlet, enclave, undetermined, neither, not-a-pe, unreadable; got ''.",
  ],
  ['inspect x --jobs 0', "--jobs must be a whole number from 1 to 64; got '0'."],
  ['inspect x --jobs 65', "--jobs must be a whole number from 1 to 64; got '65'."],
  ['inspect x --jobs 1.5', "--jobs must be a whole number from 1 to 64; got '1.5'."],
  ['inspect x --jobs many', "--jobs must be a whole number from 1 to 64; got 'many'."],
  ['inspect x --jobs=-1', "--jobs must be a whole number from 1 to 64; got '-1'."],
  [
    '--backend emulated inspect x',
    'trustlet inspect reads files and asks no backend: leave --backend and --scenario out.',
  ],
  [
    'inspect x --scenario plain',
    'trustlet inspect reads files and asks no backend: leave --backend and --scenario out.',
  ],
  [
    '--scenario plain inspect x',
    'trustlet inspect reads files and asks no backend: leave --backend and --scenario out.',
  ],
];

describe('trustlet inspect, used wrongly', () => {
  for (const [argv, message] of REFUSED) {
    test(`${argv}: exit code 2 and one line`, async () => {
      const { code, out, err } = await trustlet(argv);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.equal(err, `trustlet: ${message} [ERR_TRUSTLET_ARGUMENT]\n`);
    });
  }

  test('--json and --csv exclude each other; the refusal is a document', async () => {
    for (const argv of ['inspect x --json --csv', '--json inspect --csv x']) {
      const run = await trustlet(argv);
      assert.equal(run.code, 2);
      const error = document(run)['error'] as Record<string, unknown>;
      assert.equal(error['message'], '--json and --csv exclude each other; name one of them.');
    }
  });

  test('kinds are read with spaces around them', () => {
    assert.deepEqual(parseKinds('enclave , not-a-pe'), ['enclave', 'not-a-pe']);
  });

  test('--jobs takes what it may', async () => {
    for (const jobs of ['1', '64', '0x10'])
      assert.equal((await trustlet(['inspect', import.meta.dirname, '--jobs', jobs])).code, 0);
  });
});
