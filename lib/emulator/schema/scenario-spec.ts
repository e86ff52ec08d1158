/** What a scenario document may hold: the one description behind `parseScenario` and docs/scenario.schema.json. */
import { MAX_UINT32 } from '../../arguments.js';
import { isSuccess, Status } from '../../ntstatus.js';
import { MAX_INFO_CLASS } from '../faults.js';
import { policies } from '../policies.js';
import {
  FAULT_CALLS,
  SCENARIO_SCHEMA,
  type Scenario,
  type ScenarioConfigured,
  type ScenarioCrowd,
  type ScenarioFault,
  type ScenarioProcess,
  type ScenarioProtection,
  type ScenarioSystem,
  type ScenarioTrustlet,
} from '../scenario.js';
import {
  type BooleanSpec,
  type IntegerSpec,
  type ListSpec,
  type ObjectSpec,
  objectOf,
  optional,
  required,
  type Spec,
  type StringSpec,
} from './spec.js';

/** As many as the simulated kernel's table holds (driver/ntsim/table.h). */
export const MAX_PROCESSES = 200_000;
const MAX_THREADS = 10_000;
/** Of all processes together: a thread costs memory before anybody looks at it. */
export const MAX_THREADS_IN_ALL = 1_000_000;

const MAX_UINT16 = 0xffff;

const flag = (description: string): BooleanSpec => ({ type: 'boolean', description });
const whole = (description: string, minimum: number, maximum: number): IntegerSpec => ({
  type: 'integer',
  description,
  minimum,
  maximum,
});
const text = (description: string, minLength: number, maxLength: number): StringSpec => ({
  type: 'string',
  description,
  minLength,
  maxLength,
});
const choice = (description: string, values: readonly string[]): StringSpec => ({
  type: 'string',
  description,
  values,
});
const listOf = (description: string, items: Spec): ListSpec => ({ type: 'list', description, items });

const label = text('How tests and other entries name this process.', 1, 100);
const image = text('Image name: a label like any other, so a hostile one may lie.', 0, 260);
const parent = text('Label of the parent.', 1, 120);
const session = whole('Terminal services session. Default 0.', 0, MAX_UINT16);
const user = choice('Whose token it runs under. Default SYSTEM.', [
  'SYSTEM',
  'LOCAL SERVICE',
  'NETWORK SERVICE',
  'administrator',
  'user',
]);
const threads = whole('How many threads it has. Default 1, pseudo-processes 0.', 0, MAX_THREADS);

/** A fault is a failure: a call that reports success and does nothing would be a lie no kernel tells. */
const failures = Object.entries(Status)
  .filter(([, value]) => !isSuccess(value))
  .map(([name]) => `STATUS_${name}`);

const fault: ObjectSpec = objectOf<ScenarioFault>('fault', 'A call that fails.', {
  call: required(choice('The NT call.', FAULT_CALLS)),
  status: required({
    type: 'string',
    description: 'The NTSTATUS it fails with.',
    values: failures,
    pattern: { source: '^0x[89a-fA-F][0-9a-fA-F]{7}$', says: 'a failure as 0x and eight digits, 0x80000000 or above' },
  }),
  infoClass: optional(whole('Only this information class (the query calls). Default: any.', 0, MAX_INFO_CLASS)),
  nth: optional(whole('Only the n-th matching call, from 1. Default: every one.', 1, MAX_UINT32)),
});

const protection: ObjectSpec = objectOf<ScenarioProtection>('protection', 'Protected process (light). Not isolation.', {
  type: required(choice('PPL or PP.', ['ProtectedLight', 'Protected'])),
  signer: required(
    choice('Signer level.', ['Authenticode', 'CodeGen', 'Antimalware', 'Lsa', 'Windows', 'WinTcb', 'WinSystem', 'App']),
  ),
  audit: optional(flag('The Audit bit.')),
});

const trustlet: ObjectSpec = objectOf<ScenarioTrustlet>(
  'trustlet',
  'Present: the process is a trustlet (IUM process).',
  {
    id: required(whole('Trustlet ID as its image declares it; 1 is LsaIso.', 0, MAX_UINT32)),
    debugPolicy: optional(
      whole(
        'Debug policy of the image: 0 never (default), 1 always, 2 only while Secure Boot is off, 3 after challenge and response.',
        0,
        3,
      ),
    ),
    crashDump: optional(choice('CrashDump policy of the image. Default none.', ['none', 'encrypted'])),
  },
);

const process: ObjectSpec = objectOf<ScenarioProcess>('process', 'One process.', {
  label: required(label),
  image: required(image),
  pid: optional({
    type: 'integer',
    description: 'Process id. 0 is the Idle process, 4 is System. Default: the next free one.',
    minimum: 0,
    maximum: MAX_UINT32 - 3,
    multipleOf: 4,
  }),
  parent: optional(parent),
  session: optional(session),
  user: optional(user),
  elevated: optional(flag('An administrator’s elevated token. Default false.')),
  privileges: optional(
    listOf('Privileges enabled in its token.', {
      type: 'string',
      description: 'Name of a privilege, e.g. SeDebugPrivilege.',
      pattern: { source: '^Se[A-Za-z]+Privilege$', says: 'the name of a privilege, such as SeDebugPrivilege' },
    }),
  ),
  protection: optional(protection),
  trustlet: optional(trustlet),
  kind: optional(
    choice('A pseudo-process, or a Pico process (WSL 1). Default normal.', [
      'normal',
      'idle',
      'system',
      'secure-system',
      'registry',
      'mem-compression',
      'pico',
    ]),
  ),
  wow64: optional(flag('A 32-bit process on 64-bit Windows.')),
  frozen: optional(flag('Frozen (a suspended app).')),
  background: optional(flag('In background mode.')),
  stronglyNamed: optional(flag('Has package identity.')),
  crossSessionCreate: optional(flag('Created from another session.')),
  state: optional(
    choice('exiting: still listed and queryable, with the Deleting bit set. Default running.', ['running', 'exiting']),
  ),
  threads: optional(threads),
  access: optional(
    choice(
      'Who may open it: default by owner, everyone, or nobody (not even the query right, unless SeDebugPrivilege).',
      ['default', 'everyone', 'nobody'],
    ),
  ),
  faults: optional(listOf('Calls that fail when this process is their target.', fault)),
  volatile: optional(flag('May be taken by churn.')),
});

const crowd: ObjectSpec = objectOf<ScenarioCrowd>(
  'crowd',
  'Many processes of one kind, labelled <label>-1, <label>-2 and so on.',
  {
    label: required(label),
    count: required(whole('How many.', 0, MAX_PROCESSES)),
    image: required(image),
    parent: optional(parent),
    session: optional(session),
    user: optional(user),
    threads: optional(threads),
  },
);

const configured: ObjectSpec = objectOf<ScenarioConfigured>(
  'configured',
  'What registry and WMI say the machine was told to do.',
  {
    vbs: optional(flag('VBS is turned on. Default: as vsm.')),
    hvci: optional(flag('Memory integrity is turned on. Default: as hvci.')),
    credentialGuard: optional(
      choice('Credential Guard: with UEFI lock, without, or off. Default: as LsaIso runs.', [
        'off',
        'locked',
        'unlocked',
      ]),
    ),
    requires: optional(
      choice('What VBS requires of the platform. Default nothing.', ['nothing', 'secure-boot', 'secure-boot-and-dma']),
    ),
    locked: optional(flag('The configuration is kept in a UEFI variable too. Default false.')),
    by: optional(choice('Where it is set. Default registry.', ['registry', 'policy'])),
    edition: optional(text('EditionID of this Windows. Default Enterprise.', 1, 60)),
  },
);

const system: ObjectSpec = objectOf<ScenarioSystem>('system', 'What the machine is.', {
  build: required(whole('Windows build number, e.g. 26100.', 1, MAX_UINT16)),
  major: optional(whole('Major version. Default 10.', 0, 255)),
  minor: optional(whole('Minor version. Default 0.', 0, 255)),
  vsm: required(flag('The secure kernel runs: VTL1 exists. Trustlets need it.')),
  hvci: optional(flag('HVCI (memory integrity) runs. Default false.')),
  hvciStrict: optional(flag('HVCI in strict mode. Default false.')),
  secureBoot: optional(flag('Secure Boot is on. Default true.')),
  testSigning: optional(flag('Test signing is on. Default false.')),
  hypervisor: optional(flag('A hypervisor is present. Default: as vsm.')),
  dmaProtection: optional(flag('An IOMMU confines devices to VTL0’s rights. Default: as vsm.')),
  kernelDebugger: optional(flag('A kernel debugger is attached. Default false.')),
  configured: optional(configured),
  secureBit: optional(
    choice(
      'absent: this kernel never sets bit 7 although a trustlet runs. Default: absent before build 15063, else reported.',
      ['reported', 'absent'],
    ),
  ),
  missingClasses: optional(
    listOf(
      'NtQuerySystemInformation classes this system does not know, beside those its build lacks.',
      whole('An information class.', 0, MAX_INFO_CLASS),
    ),
  ),
  seed: optional(whole('Seed of everything that varies. Default 1.', 0, MAX_UINT32)),
  bootId: optional(whole('Boot id: the top 16 bits of every start key. Default 1.', 0, MAX_UINT16)),
});

/** Each policy with the values it takes; which there are is the behaviour table's matter. */
const policyChoices: ObjectSpec = {
  type: 'object',
  name: 'policies',
  description: 'Outcomes that documentation leaves open, by policy name (docs/behaviours.md).',
  properties: Object.fromEntries(
    policies.map((policy) => [policy.name, optional(choice(`Default ${policy.default}.`, policy.values))]),
  ),
};

/** The whole document. */
export const scenarioSpec: ObjectSpec = objectOf<Scenario>('scenario', 'A whole emulated machine.', {
  $schema: optional(text('For editors: where this schema is.', 0, 1000)),
  schema: required(whole('Version of this format.', SCENARIO_SCHEMA, SCENARIO_SCHEMA)),
  name: required(text('Short name.', 1, 60)),
  title: required(text('One line for people.', 0, 200)),
  system: required(system),
  agent: required(text('Label of the process in whose name the vsm and machine.win32 call.', 1, 120)),
  processes: required({ ...listOf('The processes, oldest first.', process), minItems: 1 }),
  crowds: optional(listOf('Many processes of one kind each.', crowd)),
  faults: optional(listOf('Calls that fail, whoever their target is.', fault)),
  policies: optional(policyChoices),
  churn: optional(
    choice(
      'reuse-at-every-call: before each open, one process marked volatile ends and its pid goes to another program. Default none.',
      ['none', 'reuse-at-every-call'],
    ),
  ),
});
