/** What the command line needs of the process it runs in; a test passes its own. */
import type { Machine } from '../emulator/machine.js';
import type { OpenOptions } from '../open.js';
import type { Vsm } from '../vsm.js';
import type { WindowsSystem } from './driver/system.js';

/** A place text is written to. */
export interface TextSink {
  write(text: string): unknown;
}

export interface CliIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** stdout is a terminal: colours are allowed. */
  readonly isTTY: boolean;
  /** Width of the terminal in columns; undefined where there is none, and then nothing is cut. */
  readonly columns: number | undefined;
  /** Width of the terminal that stderr is, in columns; undefined where it is none: no line is drawn over then. */
  readonly stderrColumns?: number | undefined;
  /** Settles when stdout takes more. Default: it always does. */
  readonly drained?: (() => Promise<void>) | undefined;
  /** Whether the reader of stdout has gone. Default: no. */
  readonly isClosed?: (() => boolean) | undefined;
  /** How a backend is opened. Default: `open` of this package, with `env` as its environment. */
  readonly open?: ((options: OpenOptions) => Vsm<Machine | undefined>) | undefined;
  /** Windows for the driver commands and `status`. Default: this machine. @throws TrustletError ERR_TRUSTLET_UNSUPPORTED off Windows */
  readonly system?: (() => WindowsSystem) | undefined;
  /** Milliseconds that only ever grow. Default: the process's clock. */
  readonly now?: (() => number) | undefined;
}
