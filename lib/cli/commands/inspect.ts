/** `trustlet inspect <files or folders…>`: would these files run as trustlets or enclaves. Needs no backend and no Windows. */
import { availableParallelism } from 'node:os';
import { TrustletError } from '../../errors.js';
import { toJson } from '../../to-json.js';
import { ExitCode } from '../exit-code.js';
import { accountOf } from '../inspect/account.js';
import { csvHeading, csvRow } from '../inspect/csv.js';
import { type Answer, inspectAll } from '../inspect/inspect-all.js';
import { INSPECTED_KINDS, type Inspected, type InspectedKind, isDamagedImage } from '../inspect/inspected.js';
import { countsLine, lineHeading, lineOf } from '../inspect/line.js';
import { walk } from '../inspect/walk.js';
import { WorkerPool } from '../inspect/worker-pool.js';
import type { CliIo } from '../io.js';
import { compactJson, JSON_SCHEMA } from '../json.js';
import { progressBarOn } from '../progress.js';
import type { View } from '../report.js';
import { painter } from '../style.js';

const MOST_WORKERS = 4;

export interface InspectOptions {
  /** At least one. */
  readonly paths: readonly string[];
  readonly format: 'text' | 'json' | 'csv';
  /** Lists what is no PE image too, where it was found in a folder. */
  readonly all: boolean;
  /** The full account of every file, not of a single one alone. */
  readonly details: boolean;
  /** Lists these kinds alone; empty = every kind. */
  readonly only: readonly InspectedKind[];
  /** Most worker threads; undefined = by the machine. */
  readonly jobs: number | undefined;
}

/** @throws TrustletError ERR_TRUSTLET_ARGUMENT for a name that is no kind */
export const parseKinds = (text: string): InspectedKind[] =>
  text.split(',').map((name) => {
    const kind = INSPECTED_KINDS.find((each) => each === name.trim());
    if (kind !== undefined) return kind;
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      `--only takes kinds, separated by commas: ${INSPECTED_KINDS.join(', ')}; got '${name.trim()}'.`,
    );
  });

/** What the files come to. */
class Tally {
  readonly counts: Record<InspectedKind, number> = {
    trustlet: 0,
    enclave: 0,
    undetermined: 0,
    neither: 0,
    'not-a-pe': 0,
    unreadable: 0,
  };
  /** Entries below a folder that are no regular files: links, pipes, devices. */
  skipped = 0;
  #isNamedUnreadable = false;
  #isSomethingUntold = false;

  add({ found, file }: Answer): void {
    this.counts[file.kind] += 1;
    if (file.kind === 'unreadable' && found.isNamed) this.#isNamedUnreadable = true;
    if (file.kind === 'unreadable' || isDamagedImage(file)) this.#isSomethingUntold = true;
  }

  get exitCode(): ExitCode {
    if (this.#isNamedUnreadable) return ExitCode.FAILURE;
    return this.#isSomethingUntold ? ExitCode.UNKNOWN : ExitCode.DONE;
  }
}

/** One of the forms of output: text before, between and after the files. */
interface Form {
  readonly begin: string;
  readonly file: (answer: Answer, isFirst: boolean) => string;
  readonly end: (tally: Tally, listed: number) => string;
}

const jsonForm: Form = {
  begin: `{\n  "schema": ${JSON_SCHEMA},\n  "files": [`,
  file: ({ file }, isFirst) => `${isFirst ? '' : ','}\n    ${compactJson(toJson(file))}`,
  end: ({ counts, skipped }, listed) =>
    `${listed === 0 ? '' : '\n  '}],\n  "counts": ${compactJson(counts)},\n  "skipped": ${skipped}\n}\n`,
};

const csvForm: Form = { begin: csvHeading, file: ({ file }) => csvRow(file), end: () => '' };

const textForm = (options: InspectOptions, view: View): Form => {
  const isSingle = options.paths.length === 1;
  let hasHeading = false;
  const line = (file: Inspected): string => {
    const heading = hasHeading ? '' : `${lineHeading(view)}\n`;
    hasHeading = true;
    return `${heading}${lineOf(file, view)}\n`;
  };
  let wasSingle = false;
  return {
    begin: '',
    file: ({ file, found }, isFirst) => {
      wasSingle = isSingle && found.isNamed;
      if (!options.details && !wasSingle) return line(file);
      return `${isFirst ? '' : '\n'}${accountOf(file, view).join('\n')}\n`;
    },
    end: (tally, listed) =>
      wasSingle ? '' : `${listed === 0 ? '' : '\n'}${countsLine(tally.counts)}\n${hintsOf(options, tally, listed)}`,
  };
};

/** What the list leaves out, and how to see it. */
const hintsOf = ({ only, details }: InspectOptions, { counts, skipped }: Tally, listed: number): string => {
  const unlisted = INSPECTED_KINDS.reduce((sum, kind) => sum + counts[kind], 0) - listed;
  const hints = [
    ...(only.length === 0 && unlisted > 0 ? [`Not listed: ${unlisted} not-a-pe (--all).`] : []),
    ...(skipped > 0 ? [`Skipped: ${skipped} (links, pipes or devices, no regular files).`] : []),
    ...(!details && listed > 0 ? ['Why: --details.'] : []),
  ];
  return hints.length === 0 ? '' : `${hints.join(' ')}\n`;
};

const formOf = (options: InspectOptions, io: CliIo): Form => {
  if (options.format === 'json') return jsonForm;
  return options.format === 'csv' ? csvForm : textForm(options, { paint: painter(io), columns: io.columns });
};

const isListed = ({ all, only }: InspectOptions, { file, found }: Answer): boolean => {
  if (only.length > 0) return only.includes(file.kind);
  return all || found.isNamed || file.kind !== 'not-a-pe' || isDamagedImage(file);
};

/**
 * Reads the files and writes what they are as it goes, so that memory does not grow with their number.
 *
 * @param startPool called once, when there are enough files for worker threads
 * @returns 0; 1 where a path that was named cannot be read; 11 where a file found below a folder cannot be, or is too damaged to tell
 */
export const inspectCommand = async (
  options: InspectOptions,
  io: CliIo,
  startPool: (size: number) => WorkerPool = (size) => new WorkerPool(size),
): Promise<ExitCode> => {
  const form = formOf(options, io);
  const tally = new Tally();
  const bar = progressBarOn(io);
  const write = async (text: string): Promise<void> => {
    if (text === '') return;
    bar.clear();
    io.stdout.write(text);
    await io.drained?.();
  };
  let pool: WorkerPool | undefined;
  const openPool = (): WorkerPool => {
    pool = startPool(options.jobs ?? Math.min(availableParallelism(), MOST_WORKERS));
    return pool;
  };
  let read = 0;
  let listed = 0;
  try {
    await write(form.begin);
    const files = walk(options.paths, undefined, () => {
      tally.skipped += 1;
    });
    for await (const answer of inspectAll(files, openPool, () => io.isClosed?.() === true)) {
      read += 1;
      tally.add(answer);
      bar.draw(read, answer.found.fraction, 'files read', answer.found.path);
      if (!isListed(options, answer)) continue;
      await write(form.file(answer, listed === 0));
      listed += 1;
    }
    await write(form.end(tally, listed));
  } finally {
    bar.clear();
    await pool?.close();
  }
  return tally.exitCode;
};
