#!/usr/bin/env node
/** The `trustlet` command. */
import { ExitCode } from './exit-code.js';
import { run } from './run.js';

const NUMBER = /^\d+$/;

/** The terminal's width, or COLUMNS where a script says how wide its own is. */
const columnsOf = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): number | undefined => {
  const told = env['COLUMNS'];
  return stream.columns ?? (told !== undefined && NUMBER.test(told) && Number(told) > 0 ? Number(told) : undefined);
};

// A reader that stops early (`trustlet list | head`) is no failure of ours; a full disk is one.
let isClosed = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // What was written before the first error was heard of fails as well.
  if (isClosed) return;
  isClosed = true;
  if (error.code === 'EPIPE') return;
  process.exitCode = ExitCode.FAILURE;
  process.stderr.write(`trustlet: the output could not be written: ${error.message} [${error.code}]\n`);
});
// Where nobody reads the errors, the exit code still says what happened.
process.stderr.on('error', () => {});

/** Waits while the reader of stdout is behind; a reader that went away never catches up. */
const drained = async (): Promise<void> => {
  if (isClosed || !process.stdout.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'error', 'close']) process.stdout.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'error', 'close']) process.stdout.on(event, done);
  });
};

// What is no answer of a command ends the process with its stack, as any uncaught error does. An output that could not be written has
// set its exit code by now where the command wrote as it went.
void run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTTY: process.stdout.isTTY === true,
  columns: columnsOf(process.stdout, process.env),
  stderrColumns: process.stderr.isTTY === true ? process.stderr.columns : undefined,
  drained,
  isClosed: () => isClosed,
}).then((code) => {
  process.exitCode ??= code;
});
