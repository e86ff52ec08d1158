// node test/examples/run.mjs: installs the packed package into the examples, compiles and tests them on this machine and in Wine, and
// checks that their READMEs show nothing that was not run. Needs a built repository; ends with `N passed, N failed`.

import { readFileSync, rmSync } from 'node:fs';
import { buildDriver } from '../../scripts/build-driver.mjs';
import { buildWin32Addon } from '../../scripts/lib/addon-build.mjs';
import { inBuild, inRoot } from '../../scripts/lib/paths.mjs';
import { cleanEnvironment, run } from '../../scripts/lib/run.mjs';
import { openPrefix, retryHungStart, runNodeIn, toWindowsPath } from '../../scripts/lib/wine.mjs';
import { buildDriverTool, buildStandIns } from '../../scripts/lib/wine-client.mjs';
import { withDriver } from '../../scripts/lib/wine-driver.mjs';
import { pack, project } from './project.mjs';
import { unproven } from './readme.mjs';

// Before the package is packed: it brings the addon.
await buildWin32Addon();
const { driver, sim } = await buildDriver();

/**
 * The machines that the unchanged agent runs on with the real node.exe. Wine's kernel cannot tell what any process is, neither node.exe
 * nor the driver, so there every process is refused, and a single one allowed is a failure.
 * @type {{ name: string, backend: string, expect: 'none' | 'some', use: <T>(job: (prefix: import('../../scripts/lib/wine.mjs').WinePrefix) => Promise<T>) => Promise<T> }[]}
 */
const HOSTS = [
  {
    name: 'plain Wine',
    backend: 'ntdll',
    expect: 'none',
    use: (job) =>
      retryHungStart(async () => {
        const prefix = await openPrefix();
        try {
          return await job(prefix);
        } finally {
          prefix.close();
        }
      }),
  },
  {
    name: 'trustlet.sys in Wine',
    backend: 'driver',
    expect: 'none',
    use: (job) => withDriver({ sys: driver, service: 'trustlet', use: job }),
  },
];

const SAME_AGENT = inRoot('test', 'examples', 'same-agent.mjs');

/** The backends that the same agent must do the same on, and how each is reached. */
const BACKENDS = {
  emulated: (folder) => run(process.execPath, [SAME_AGENT, 'emulated', folder], { env: cleanEnvironment() }),
  'host-device': (folder) => run(process.execPath, [SAME_AGENT, 'host-device', folder], { env: cleanEnvironment() }),
  wine: async (folder) => {
    const env = {
      TRUSTLET_DRIVER_TOOL: toWindowsPath(await buildDriverTool()),
      TRUSTLET_STAND_INS: toWindowsPath(await buildStandIns()),
    };
    const args = [toWindowsPath(SAME_AGENT), 'wine', toWindowsPath(folder)];
    return withDriver({
      sys: sim,
      service: 'trustlet-sim',
      use: (prefix) => runNodeIn(prefix, { node: '22', args, env }),
    });
  },
};

/** What the agent must have done, by label: the protected process grants no rights, the trustlet is refused although it would. */
const DONE = {
  looks: [['reached browser', 'reached editor', 'refused antimalware (ordinary)', 'refused lsaiso (secure)'], [], []],
  reached: 2,
  failed: 0,
  leaks: 0,
};

const RUN_AGENT = 'node dist/main.js --injector ../native-injector/dist/index.js --seconds 5';

let [passed, failed] = [0, 0];
let printed = '';
const executed = new Set();

const count = (title, problem) => {
  if (problem) failed += 1;
  else passed += 1;
  console.log(`${problem ? 'not ok' : 'ok'} - ${title}${problem ? `\n${problem}` : ''}`);
};

/** One command; its exit code is one test. */
async function step(example, name, command) {
  const result = await example.shell(command);
  executed.add(command);
  printed += result.stdout;
  const output = result.stdout + result.stderr;
  count(`${name}: ${command} (${result.seconds.toFixed(1)} s)`, result.exitCode === 0 ? undefined : output);
  const tests = countTests(result.stdout);
  if (command === 'npm test') add(name, tests, result);
  return result.exitCode === 0;
}

/** node:test's summary, as TAP (node 20 and 22 without a terminal) or spec (24) has it. */
function countTests(output) {
  const of = (name) => Number(new RegExp(`^[#ℹ] ${name} (\\d+)\\r?$`, 'm').exec(output)?.[1] ?? Number.NaN);
  return { tests: of('tests'), pass: of('pass') };
}

function add(title, { tests, pass }, { stdout, stderr }) {
  if (Number.isNaN(tests) || Number.isNaN(pass) || tests === 0) {
    count(`${title}: comes to its summary`, stdout + stderr);
    return;
  }
  passed += pass;
  failed += tests - pass;
  console.log(`  ${pass} of ${tests} tests of ${title} passed`);
  if (pass < tests) console.log(stdout);
}

/** What the agent said in Wine, checked. */
function agentProblem({ exitCode, stdout, stderr }, { backend, expect }) {
  if (exitCode !== 0) return `exit code ${exitCode}\n${stdout}${stderr}`;
  const lines = stdout.trim().split(/\r?\n/);
  const statistics = JSON.parse(lines.at(-1));
  const log = lines.slice(0, -1).map((line) => JSON.parse(line));
  const of = (event) => log.filter((entry) => entry.event === event);
  const refusals = Object.values(statistics.refused).reduce((sum, each) => sum + each, 0);
  const problems = [
    of('opened').length === 1 && of('opened')[0].backend === backend ? '' : `opened ${JSON.stringify(of('opened'))}`,
    of('lost').length === 0 ? '' : 'the backend was lost',
    of('stopped').length === 1 ? '' : 'it did not stop when it was told to',
    statistics.failed === 0 ? '' : 'the native module was given a handle that names another process',
    expect === 'none' && statistics.reached > 0 ? 'a process was reached that cannot be known to be ordinary' : '',
    expect === 'some' && statistics.reached === 0 ? 'nobody was reached' : '',
    // Wine always runs a few services beside the agent.
    expect === 'none' && refusals < 3 ? `${refusals} refusals` : '',
    of('refused').every(
      ({ verdict, reason }) => expect !== 'none' || (verdict === 'unknown' && reason === 'query-failed'),
    )
      ? ''
      : 'refused for another reason than that nothing can be known',
  ].filter((problem) => problem !== '');
  return problems.length > 0 ? `${problems.join('\n')}\n${stdout}${stderr}` : undefined;
}

async function inWine(host, agent, native) {
  await host.use(async (prefix) => {
    const env = { EXPECT: host.expect };
    const asked = await runNodeIn(prefix, {
      node: '22',
      args: ['--test-reporter=tap', `${native.folder}/dist/ask.test.js`],
      env,
    });
    add(`native-injector, ${host.name}`, countTests(asked.stdout), asked);
    const args = RUN_AGENT.split(' ').slice(1);
    const ran = await runNodeIn(prefix, {
      node: '22',
      args: args.map((each) => (/^(?:dist|\.\.)\//.test(each) ? `${agent.folder}/${each}` : each)),
    });
    executed.add(RUN_AGENT);
    printed += ran.stdout;
    count(`edr-agent, ${host.name}: ${RUN_AGENT}`, agentProblem(ran, host));
  });
}

async function sameEverywhere(agent) {
  for (const [backend, start] of Object.entries(BACKENDS)) {
    const { exitCode, stdout, stderr } = await start(agent.folder);
    const said = stdout.trim().split(/\r?\n/).at(-1);
    const same = exitCode === 0 && said === JSON.stringify(DONE);
    count(`edr-agent does the same on ${backend}`, same ? undefined : `exit code ${exitCode}\n${stdout}${stderr}`);
  }
}

rmSync(inBuild('examples'), { recursive: true, force: true });
const tarball = await pack();
const agent = project('edr-agent', tarball);
const native = project('native-injector', tarball);
const recipe = readFileSync(inRoot('examples', 'edr-agent', 'ci.yml'), 'utf8');
executed.add('npm install trustlet'); // as `npm install`, see project.mjs

let ready = true;
for (const [, command] of recipe.matchAll(/^ *- run: (.+)$/gm))
  ready = ready && (await step(agent, 'edr-agent', command));
ready = ready && (await step(agent, 'edr-agent', 'npm run demo'));
for (const command of ['npm install', 'npm run build'])
  ready = ready && (await step(native, 'native-injector', command));
if (ready) {
  await sameEverywhere(agent);
  for (const host of HOSTS) await inWine(host, agent, native);
  const files = { yaml: ['edr-agent/ci.yml'] };
  const problems = unproven(['edr-agent', 'native-injector'], { executed, printed, files });
  count('the READMEs show only what was run', problems.length > 0 ? problems.join('\n\n') : undefined);
}
console.log(
  'edr-agent was tested on the emulated machine, over the simulated kernel and, with the real node.exe, in Wine. Nothing here ran on Windows.',
);
process.exitCode = failed > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);
