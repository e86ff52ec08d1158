/** The command line in this process, with everything it writes kept. */
import type { CliIo } from '../../../lib/cli/io.js';
import { run } from '../../../lib/cli/run.js';

export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly lines: readonly string[];
}

/** @param argv one string, split at spaces, or the arguments themselves */
export const trustlet = async (argv: string | readonly string[], over: Partial<CliIo> = {}): Promise<Captured> => {
  let out = '';
  let err = '';
  const code = await run(typeof argv === 'string' ? argv.split(' ').filter((each) => each !== '') : argv, {
    stdout: {
      write: (text) => {
        out += text;
      },
    },
    stderr: {
      write: (text) => {
        err += text;
      },
    },
    env: {},
    isTTY: false,
    columns: undefined,
    ...over,
  });
  return { code, out, err, lines: out.trimEnd().split('\n') };
};

/** The JSON document a run wrote; fails when stderr is not empty or stdout is not one document. */
export const document = ({ out, err }: Captured): Record<string, unknown> => {
  if (err !== '') throw new Error(`stderr: ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
};
