/** docs/bench.md from bench/results.json, which `npm run bench` writes. */

interface Summary {
  readonly median: number;
  readonly p25: number;
  readonly p75: number;
}

interface Measurement extends Summary {
  readonly group: string;
  readonly name: string;
  readonly where: string;
  readonly size: number;
  readonly rounds: number;
  readonly ratio: Summary | null;
  readonly difference: Summary | null;
}

interface Results {
  readonly command: string;
  readonly date: string;
  readonly commit: string;
  readonly changedBeside: boolean;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
    readonly node: string;
    readonly compiler: string;
    readonly load: { readonly before: number; readonly after: number };
  };
  readonly flags: string;
  readonly wine: string | null;
  readonly seconds: number;
  readonly measurements: readonly Measurement[];
  readonly notMeasured: readonly {
    readonly group: string;
    readonly name: string;
    readonly where: string;
    readonly reason: string;
  }[];
  readonly growth: readonly { readonly group: string; readonly name: string; readonly exponent: number }[];
  readonly remarks: readonly { readonly group: string; readonly text: string }[];
  readonly aims: readonly {
    readonly aim: string;
    readonly measured: string;
    readonly met: boolean | null;
    readonly note: string;
  }[];
}

interface Table {
  readonly group: string;
  readonly title: string;
  readonly about: string;
  /** What a size counts, where a time divided by it says something. */
  readonly each?: string;
}

const TABLES: readonly Table[] = [
  {
    group: 'crossing',
    title: 'One request, four ways into C',
    about:
      'The same QUERY of one pid, request and reply kept, nothing read: what crossing costs. The driver’s C over the simulated kernel does the same work each time.',
  },
  {
    group: 'query',
    title: 'One pid, from the public call to facts',
    about:
      '`vsm.query(pid)` of a trustlet on a machine with 10,000 processes. Plain C fills the request, asks and reads the verdict; ours decodes every fact.',
  },
  {
    group: 'query-many',
    title: 'Many pids in one call',
    about:
      '`vsm.queryMany(pids)`: one crossing in the driver backend, one open and several queries a pid in the others.',
    each: 'pid',
  },
  {
    group: 'census',
    title: 'Census',
    about:
      '`vsm.census()`, as it returns, where nothing has been read yet unless it says so. Plain C reads every verdict out of a buffer it keeps; the addon’s bytes go to a buffer that is kept, too.',
    each: 'process',
  },
  {
    group: 'decode',
    title: 'Decoding alone',
    about: 'The codec on a kept CENSUS reply: no crossing, no driver.',
    each: 'process',
  },
  {
    group: 'guard',
    title: '`guard.run` with an action that does nothing',
    about:
      'Opens an ordinary process for `read`, has the handle examined and decided about, enters the callback, closes.',
  },
  {
    group: 'decide',
    title: 'The decision by itself',
    about: '`decide`, pure, on inputs that come to different ends.',
    each: 'decision',
  },
  { group: 'boot', title: 'Booting an emulated machine', about: '`boot()`.' },
  {
    group: 'page-access',
    title: 'Whether VTL0 may use a page',
    about:
      'The emulated second level: rights of many pages, half of them out of VTL0’s reach, in an order that no prefetcher knows.',
    each: 'page',
  },
  {
    group: 'emulated-guest',
    title: 'What an emulated guest does',
    about: 'On a platform that has come up with HVCI; every one writes its events to the log.',
  },
  {
    group: 'import',
    title: 'Importing the package',
    about: 'A whole node process, from its start to its end.',
  },
  {
    group: 'inspect',
    title: 'Reading files, beside opening them and reading the same bytes',
    about:
      'A folder of programs, libraries, trustlets, enclaves, damaged files and others (bench/inspect-files.ts), all in the page cache: what the reader’s own work costs, not the disk. A run reads every file. Bare is `openSync`, `readSync` of the very places that the reader asks for into a buffer that is kept, and `closeSync`. The command’s reader is `trustlet inspect` without what it writes, its walk through the folders included; its workers are started and ended in every run. Most of the time of the whole folder goes to the signatures, which the PKI library parses; two rows leave the signed files out.',
    each: 'file',
  },
  {
    group: 'inspect-few',
    title: 'How many files are worth starting workers',
    about:
      'The first files of the same folder, each run in a new node process, where nothing is compiled yet, as in the command: a worker begins like that, too. Node’s own start is not counted, nor the loading of the reader; the PKI library is, wherever it is loaded.',
    each: 'file',
  },
  {
    group: 'wine-census',
    title: 'Census in Wine, beside what else there is',
    about:
      'The real node.exe, trustlet.sys and Wine’s processes; so many more processes were started as the table says. The peers tell pid, parent and name. Ours adds protection, session, times, start key and a verdict for each process, for which each is opened and asked; Wine knows no secure bit, so every verdict is `unknown` here. The peers start at another moment of the same machine and count a program of their own where they start one.',
  },
];

const UNITS: readonly (readonly [least: number, name: string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [0, 'ns'],
];

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

const [, , , NANOSECONDS = [1, 'ns'] as const] = UNITS;

const time = (ns: number): string => {
  const [least, unit] = UNITS.find(([each]) => Math.abs(ns) >= each) ?? NANOSECONDS;
  return `${digits(ns / (least || 1))} ${unit}`;
};

const spread = ({ p25, p75 }: Summary): string => `${time(p25)} – ${time(p75)}`;

const times = (ratio: Summary | null): string => (ratio === null ? '1' : digits(ratio.median));

const tableOf = ({ group, title, about, each }: Table, results: Results): readonly string[] => {
  const rows = results.measurements.filter((row) => row.group === group);
  const missing = results.notMeasured.filter((row) => row.group === group);
  if (rows.length + missing.length === 0) return [];
  const growth = results.growth.filter((row) => row.group === group);
  const remarks = results.remarks.filter((row) => row.group === group);
  const sizes = [...new Set(rows.map(({ size }) => size))];
  const isSized = each !== undefined || sizes.length > 1;
  const base = rows[0]?.name ?? '';
  const head = [
    ...(isSized ? ['how many'] : []),
    'what',
    'where',
    'median',
    'p25 – p75',
    ...(each === undefined ? [] : [`a ${each}`]),
    `× ${base.split(/[,:]/, 1)[0] ?? base}`,
    'rounds',
  ];
  const cells = ({ name, where, size, rounds, ratio, ...summary }: Measurement): readonly string[] => [
    ...(isSized ? [group === 'wine-census' ? `+${size}` : size.toLocaleString('en')] : []),
    name,
    where,
    time(summary.median),
    spread(summary),
    ...(each === undefined ? [] : [time(summary.median / size)]),
    times(ratio),
    String(rounds),
  ];
  const line = (values: readonly string[]): string => `| ${values.join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    about,
    '',
    line(head),
    line(head.map((name) => (name === 'what' || name === 'where' ? '---' : '---:'))),
    ...rows.toSorted((a, b) => a.size - b.size).map((row) => line(cells(row))),
    '',
    ...(growth.length === 0
      ? []
      : [
          'How the time grows from the smallest to the largest: the exponent of the size, by least squares over the logarithms; 1 is linear.',
          '',
          ...growth.map(({ name, exponent }) => `- ${name}: ${exponent.toFixed(2)}`),
          '',
        ]),
    ...remarks.map(({ text }) => `- ${text}`),
    ...(remarks.length === 0 ? [] : ['']),
    ...missing.flatMap(({ name, where, reason }) => [`Not measured: ${name} (${where}): ${reason}`, '']),
  ];
};

const verdictOf = (met: boolean | null): string => (met === null ? 'open' : met ? 'met' : '**not met**');

const head = ({ command, date, commit, changedBeside, machine, flags, wine, seconds }: Results): readonly string[] => [
  `\`${command}\`, ${date}, commit \`${commit.slice(0, 12)}\`${changedBeside ? ' with changes beside it' : ''}, ${seconds} s; load average before ${machine.load.before.toFixed(2)}, after ${machine.load.after.toFixed(2)}.`,
  '',
  `Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, node ${machine.node}; C by ${machine.compiler}, ${flags}${wine === null ? '' : `; ${wine}`}.`,
];

const FIRST: readonly string[] = [
  '<!-- Written by scripts/docs.ts from bench/results.json. Do not edit; run `npm run bench`, then `npm run docs`. -->',
  '# Bench',
  '',
  'What our layers cost. _Simulated kernel_ is the driver’s own C, or ntdll’s calls, over driver/ntsim on Linux; _emulated_ is TypeScript',
  'alone; _Wine_ is the real node.exe and the real .sys on Wine’s calls. None of it says how fast Windows is: nothing here ran on it.',
  'Compare within a table, not between machines.',
  '',
];

const METHOD: readonly string[] = [
  '## Method',
  '',
  'The contenders of a table are measured in rounds: each round times everyone once, one after the other, beginning with another one each',
  'time. The driver backend runs in one process with plain C; ntdll and emulated backends run in processes of their own,',
  'as in a program that has one backend, and what brings the turn there and back is not timed. In Wine all share one process.',
  'A turn is as many calls as make 10 ms (5 ms in Wine), at least one; what it took, divided by the calls, is a sample. Medians and quartiles are those of the samples; ratios and differences are taken round by round and then summarised, so that',
  'what disturbs the machine disturbs both sides. Everyone warms up first. Answers are checked in every turn: a wrong one ends the run.',
  '',
  'Plain C is bench/native/plain_calls.c as a shared library, linked with the very objects of the addon’s host build, so that the driver and',
  'the simulated kernel are the same machine code on both sides; it makes its calls in a loop of its own and tells the nanoseconds.',
  'The addon’s host build is CMake’s RelWithDebInfo; libntsim.so, for koffi, is `-O2` as well.',
  '',
];

/** @param json the text of bench/results.json; empty where there is none yet */
export const benchPage = (json: string): string => {
  if (json === '') return `${[...FIRST, 'No run is on record yet.'].join('\n')}\n`;
  const results = JSON.parse(json) as Results;
  return `${[
    ...FIRST,
    ...head(results),
    '',
    '## Aims',
    '',
    '| aim | measured | |',
    '|---|---|---|',
    ...results.aims.map(({ aim, measured, met }) => `| ${aim} | ${measured} | ${verdictOf(met)} |`),
    '',
    ...results.aims.filter(({ note }) => note !== '').map(({ aim, note }) => `- _${aim}:_ ${note}`),
    '',
    ...TABLES.flatMap((table) => tableOf(table, results)),
    ...METHOD,
  ]
    .join('\n')
    .trimEnd()}\n`;
};
