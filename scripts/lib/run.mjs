// One way to run a program: no stdin, output into files, a time limit that ends the whole process group.
// Output goes through files because a pipe inherited by a background process (wineserver's services.exe) never
// reaches end of file (facts/wine.md 12).

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { inBuild, root } from './paths.mjs';

let serial = 0;
const grouped = process.platform !== 'win32'; // Windows has no process groups to end

/** The environment without what would change the behaviour of the code under test. */
export function cleanEnvironment() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(TRUSTLET_|NODE_V8_COVERAGE$|NODE_OPTIONS$|NODE_TEST_CONTEXT$|NO_COLOR$|FORCE_COLOR$)/.test(name)) {
      delete env[name];
    }
  }
  return env;
}

/**
 * A file that a child writes to, already without a name: nothing is left behind however this process ends. Reads give
 * their position, because the file's own offset belongs to the child.
 */
function outputFile() {
  const folder = inBuild('output');
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${process.pid}-${++serial}`;
  const fd = openSync(path, 'w+');
  rmSync(path);
  const chunk = Buffer.alloc(65536);
  const parts = [];
  let position = 0;
  return {
    fd,
    /** Reads what is new, and copies it to a stream. */
    pump(stream) {
      for (let read = 1; read > 0; position += read) {
        read = readSync(fd, chunk, 0, chunk.length, position);
        const part = Buffer.from(chunk.subarray(0, read));
        parts.push(part);
        if (read > 0) stream?.write(part);
      }
    },
    close() {
      closeSync(fd);
      return Buffer.concat(parts).toString('utf8');
    },
  };
}

/**
 * @typedef {object} RunResult
 * @property {number} exitCode the program's own, 124 after a time-out, 128 + n when a signal ended it, 127 when it could not start
 * @property {boolean} timedOut
 * @property {string} stdout
 * @property {string} stderr
 * @property {number} seconds
 */

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env] the whole environment; default: this one, cleaned
 * @param {string} [options.cwd]
 * @param {number} [options.timeout] seconds; default 300
 * @param {boolean} [options.live] also copy output to this process's stdout and stderr as it comes
 * @param {(elapsedSeconds: number) => boolean} [options.giveUp] asked every 100 ms; true ends the program like a time-out
 * @returns {Promise<RunResult>}
 */
export function run(command, args, options = {}) {
  const { env = cleanEnvironment(), cwd = root, timeout = 300, live = false, giveUp = () => false } = options;
  const [stdout, stderr] = [outputFile(), outputFile()];
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;

  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', stdout.fd, stderr.fd], detached: grouped });
    let timedOut = false;
    const pump = () => {
      stdout.pump(live ? process.stdout : undefined);
      stderr.pump(live ? process.stderr : undefined);
    };
    const endGroup = () => {
      try {
        if (grouped) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended by itself in the meantime.
      }
    };
    const ticker = setInterval(() => {
      if (live) pump();
      if (!timedOut && (elapsed() > timeout || giveUp(elapsed()))) {
        timedOut = true;
        endGroup();
      }
    }, 100);
    process.once('exit', endGroup);
    const finish = (exitCode, note = '') => {
      clearInterval(ticker);
      process.removeListener('exit', endGroup);
      pump();
      const text = { stdout: stdout.close(), stderr: stderr.close() + note };
      resolve({ exitCode, timedOut, ...text, seconds: elapsed() });
    };
    child.once('error', (error) => finish(127, `${command}: ${error.message}\n`));
    child.once('exit', (code, signal) => finish(timedOut ? 124 : (code ?? 128 + signalNumber(signal))));
  });
}

const signalNumber = (signal) =>
  ({ SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 })[signal] ?? 0;

/** Where a program is on PATH, or undefined. */
export function which(program) {
  const found = spawnSync('sh', ['-c', 'command -v -- "$1"', 'sh', program], { encoding: 'utf8', timeout: 10_000 });
  return found.status === 0 ? found.stdout.trim() : undefined;
}
