#!/usr/bin/env node
/** The `trustlet` command. */
import { run } from './run.js';

const NUMBER = /^\d+$/;

/** The terminal's width, or COLUMNS where a script says how wide its own is. */
const columnsOf = (stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): number | undefined => {
  const told = env['COLUMNS'];
  return stream.columns ?? (told !== undefined && NUMBER.test(told) && Number(told) > 0 ? Number(told) : undefined);
};

// A reader that stops early (`trustlet list | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  isTTY: process.stdout.isTTY === true,
  columns: columnsOf(process.stdout, process.env),
});
