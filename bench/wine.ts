/**
 * What is measured in Wine: the census beside what else lists processes from Node, under node.exe and the driver, over the same
 * processes. `node.exe --expose-gc dist/bench/wine.js --peers … --stand-ins … --out … [--quick]`; bench/run.mjs starts it.
 *
 * Processes, calls and pipes are Wine's: this tells what our layers do beside theirs on one system, and nothing of Windows.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ProcessList, SystemInfoClass } from '../lib/layout/index.js';
import { loadBinding } from '../lib/native/load-binding.js';
import { open } from '../lib/open.js';
import type { ProcessFacts } from '../lib/types.js';
import { checksOf } from './checks.js';
import { expect } from './expect.js';
import type { Aim, Findings, Measurement, NotMeasured } from './results.js';
import { answeringLater, type Contender, type Effort, inJavaScript, measure } from './rounds.js';

const { values } = parseArgs({
  options: { peers: { type: 'string' }, 'stand-ins': { type: 'string' }, out: { type: 'string' } },
});
const given = (name: keyof typeof values): string => {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing: run npm run bench`);
  return value;
};

const EFFORT: Effort = { rounds: 31, batchMs: 5, warmUpMs: 100, mostMs: 25_000 };
/** Processes started beside those that are there. */
const MORE = [0, 100];
const AT_ONCE = 50;
const AIM = 2.5;

/** What every contender must find: pid and parent of each. */
interface Listed {
  readonly pid: number;
  readonly ppid: number;
}

interface ProcessTree {
  getAllProcesses(callback: (list: readonly Listed[]) => void, flags?: number): void;
}
type PsList = () => Promise<readonly Listed[]>;

const standIns: number[] = [];
const startMore = (count: number): void => {
  for (let left = count; left > 0; left -= AT_ONCE) {
    const { status, stdout } = spawnSync(given('stand-ins'), [String(Math.min(left, AT_ONCE)), '1'], {
      encoding: 'utf8',
    });
    expect('exit code of the stand-ins', status, 0);
    for (const line of stdout.trim().split(/\r?\n/)) standIns.push(Number(line.split(' ')[0]));
  }
};

/** All stand-ins, and this process. */
const verify = (pids: Iterable<number>): void => {
  const found = new Set(pids);
  expect(
    'missing of this process and its stand-ins',
    [process.pid, ...standIns].filter((pid) => !found.has(pid)).length,
    0,
  );
};

const notMeasured: NotMeasured[] = [];

/** Leaves out, and says, what cannot run here. */
const attempt = async (name: string, make: () => Promise<Contender> | Contender): Promise<Contender[]> => {
  try {
    const contender = await make();
    await contender.time(1);
    return [contender];
  } catch (error) {
    notMeasured.push({ group: 'wine-census', name, where: 'Wine', reason: String(error) });
    return [];
  }
};

const requirePeer = createRequire(join(given('peers'), 'package.json'));

const processTree = (name: string, flags: number): Contender => {
  const { getAllProcesses } = requirePeer('@vscode/windows-process-tree') as ProcessTree;
  return answeringLater(
    name,
    'Wine',
    () => new Promise<readonly Listed[]>((resolve) => getAllProcesses(resolve, flags)),
    (list) => verify(list.map(({ pid }) => pid)),
  );
};

const psList = async (name: string): Promise<Contender> => {
  const module: { default: PsList } = await import(
    pathToFileURL(join(given('peers'), 'node_modules', 'ps-list', 'index.js')).href
  );
  return answeringLater(name, 'Wine', module.default, (list) => verify(list.map(({ pid }) => pid)));
};

const TREE = '@vscode/windows-process-tree 0.8.0: pid, parent, name';
const TREE_MORE = `${TREE}, memory, command line`;
/** ProcessDataFlag.Memory | ProcessDataFlag.CommandLine. */
const MEMORY_AND_COMMAND_LINE = 3;
const PS_LIST = 'ps-list 9.0.0: pid, parent, name';
const LIST = 'the process list alone (class 5, addon): pid, parent, name, times, session';

/** What our backends read first. The rest of their time goes to asking each process what it is, which the peers do not. */
const classFive = (): Contender => {
  const binding = loadBinding();
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const buffer = new Uint8Array(0x40000);
  const options = { base: koffi.address(buffer), wordSize: 8, extension: false } as const;
  const returned = new Uint32Array(1);
  return inJavaScript(
    LIST,
    'Wine',
    () => {
      const status = binding.querySystemInformation(SystemInfoClass.ProcessInformation, buffer, returned);
      expect('status of class 5', status, 0);
      const list = ProcessList.index(buffer, options);
      return Array.from({ length: list.length }, (_, index) => ({
        pid: list.pid(index),
        ppid: list.parentPid(index),
        name: list.name(index),
        createTime: list.createTime(index),
        sessionId: list.sessionId(index),
      }));
    },
    (list) => verify(list.map(({ pid }) => pid)),
  );
};

const DRIVER = 'driver backend (addon, trustlet.sys)';
const NTDLL = 'ntdll backend (koffi)';

const censusOf = (backend: 'driver' | 'ntdll'): Contender[] => {
  const vsm = open({ backend, only: [backend] });
  const name = backend === 'driver' ? DRIVER : NTDLL;
  const pids = (facts: Iterable<ProcessFacts>): number[] => Array.from(facts, ({ pid }) => pid);
  return [
    inJavaScript(
      name,
      'Wine',
      () => vsm.census(),
      (census) => verify(pids(census)),
    ),
    inJavaScript(`${name}, every fact read`, 'Wine', () => pids(vsm.census()), verify),
  ];
};

const measurements: Measurement[] = [];
const contenders = [
  ...(await attempt(TREE, () => processTree(TREE, 0))),
  ...(await attempt(TREE_MORE, () => processTree(TREE_MORE, MEMORY_AND_COMMAND_LINE))),
  ...(await attempt(PS_LIST, () => psList(PS_LIST))),
  ...(await attempt(LIST, classFive)),
  ...censusOf('driver'),
  ...censusOf('ntdll'),
];
for (const more of MORE) {
  startMore(more);
  const size = standIns.length;
  measurements.push(...(await measure('wine-census', size, contenders, EFFORT)));
}
for (const pid of standIns) process.kill(pid);

/** How much faster than windows-process-tree a contender is, where there are most processes. */
const speedUp = (name: string): number => {
  const most = measurements.filter((each) => each.name === name).at(-1);
  return 1 / (most?.ratio?.median ?? Number.NaN);
};
const aimOf = (name: string, what: string, note: string): Aim => ({
  aim: `in Wine, beside windows-process-tree: at least ${AIM}x faster, with more data: ${what}`,
  measured: Number.isNaN(speedUp(name)) ? 'not measured' : `${speedUp(name).toFixed(2)}x`,
  met: Number.isNaN(speedUp(name)) ? null : speedUp(name) >= AIM,
  note,
});
const ASKS =
  'A census also opens and asks every process what it is: in Wine each of these calls is a trip to another process, the wineserver, which costs more than the whole list. Without the questions there is no verdict.';
const findings: Findings = {
  measurements,
  notMeasured,
  growth: [],
  remarks: [],
  aims: [
    aimOf(
      LIST,
      'the process list through class 5',
      'Pid, parent, name, times and session; windows-process-tree has pid, parent and name.',
    ),
    aimOf(DRIVER, 'the census of the driver backend', ASKS),
    aimOf(NTDLL, 'the census of the ntdll backend', ASKS),
  ],
  checks: checksOf(measurements, []),
};
writeFileSync(given('out'), JSON.stringify(findings));
