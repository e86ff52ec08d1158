import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScenario } from '../../../lib/emulator/scenario-schema.js';
import { TrustletError } from '../../../lib/errors.js';

const base = {
  schema: 1,
  name: 'small',
  title: 'a small machine',
  system: { build: 26100, vsm: true },
  agent: 'agent',
  processes: [{ label: 'agent', image: 'agent.exe' }],
};

/** The base with one process more. */
const withProcess = (process: object, more: object = {}): object => ({
  ...base,
  ...more,
  processes: [...base.processes, process],
});

const refusal = (value: unknown): string => {
  try {
    parseScenario(value);
  } catch (error) {
    assert.ok(error instanceof TrustletError);
    assert.equal(error.code, 'ERR_TRUSTLET_FORMAT');
    return error.message;
  }
  return 'nothing was refused';
};

const cases: readonly (readonly [what: string, value: unknown, expected: string])[] = [
  ['a list', [], 'at its top level: expected an object; got an array.'],
  ['null', null, 'at its top level: expected an object; got null.'],
  ['a string', 'plain', "at its top level: expected an object; got 'plain'."],
  ['another schema version', { ...base, schema: 2 }, 'at schema: expected 1; got 2.'],
  [
    'a missing property',
    { ...base, title: undefined },
    "at its top level: the property 'title' is missing: One line for people.",
  ],
  ['a mistyped property', { ...base, agnet: 'x' }, "Did you mean 'agent'?"],
  [
    'a property with the wrong case',
    { ...base, Faults: [] },
    "there is no property 'Faults'; it takes $schema, schema, name",
  ],
  ['__proto__', JSON.parse('{"__proto__": 1}'), "there is no property '__proto__'"],
  ['a property every object inherits', { ...base, toString: 1 }, "there is no property 'toString'"],
  ['no processes', { ...base, processes: [] }, 'at processes: expected a list of at least 1; got an array.'],
  ['processes that are no list', { ...base, processes: {} }, 'at processes: expected a list; got an object.'],
  ['a list with a hole', { ...base, processes: new Array(1) }, 'at processes[0]: expected an object; got undefined.'],
  [
    'a build that is text',
    { ...base, system: { build: '26100', vsm: true } },
    "at system.build: expected a whole number from 1 to 65535; got '26100'.",
  ],
  [
    'a build that is NaN',
    { ...base, system: { build: Number.NaN, vsm: true } },
    'at system.build: expected a whole number from 1 to 65535; got NaN.',
  ],
  [
    'vsm that is a number',
    { ...base, system: { build: 26100, vsm: 1 } },
    'at system.vsm: expected true or false; got 1.',
  ],
  [
    'an empty label',
    withProcess({ label: '', image: 'x' }),
    "at processes[1].label: expected a string of 1 to 100 characters; got ''.",
  ],
  [
    'a label that is too long',
    withProcess({ label: 'x'.repeat(101), image: 'x' }),
    'at processes[1].label: expected a string of 1 to 100 characters',
  ],
  [
    'a label twice',
    withProcess({ label: 'agent', image: 'x' }),
    "at processes[1].label: the label 'agent' is taken by processes[0].label.",
  ],
  [
    'a pid that is no multiple of 4',
    withProcess({ label: 'x', image: 'x', pid: 6 }),
    'at processes[1].pid: expected a multiple of 4 from 0 to 4294967292; got 6.',
  ],
  ['a pid below 0', withProcess({ label: 'x', image: 'x', pid: -4 }), 'at processes[1].pid: expected a multiple of 4'],
  [
    'a pid twice',
    {
      ...base,
      processes: [
        { label: 'agent', image: 'a', pid: 8 },
        { label: 'x', image: 'x', pid: 8 },
      ],
    },
    'at processes[1].pid: pid 8 is taken by processes[0].',
  ],
  [
    'the Idle pid for a program',
    withProcess({ label: 'x', image: 'x', pid: 0 }),
    "at processes[1].pid: pid 0 belongs to kind 'idle' alone.",
  ],
  [
    'the System pid for a program',
    withProcess({ label: 'x', image: 'x', pid: 4 }),
    "at processes[1].pid: pid 4 belongs to kind 'system' alone.",
  ],
  [
    'another pid for System',
    withProcess({ label: 'x', image: 'x', kind: 'system', pid: 8 }),
    "at processes[1].pid: expected 4, the pid of kind 'system'; got 8.",
  ],
  [
    'two Secure Systems',
    {
      ...base,
      processes: [
        ...base.processes,
        { label: 'a', image: 'a', kind: 'secure-system' },
        { label: 'b', image: 'b', kind: 'secure-system' },
      ],
    },
    "at processes[2].kind: a machine has one process of kind 'secure-system'; processes[1] is it.",
  ],
  [
    'a parent nobody is',
    withProcess({ label: 'x', image: 'x', parent: 'agnet' }),
    "at processes[1].parent: no process has the label 'agnet'. Did you mean 'agent'?",
  ],
  [
    'a parent that resembles nobody',
    withProcess({ label: 'x', image: 'x', parent: 'zzzzzzzz' }),
    "at processes[1].parent: no process has the label 'zzzzzzzz'.",
  ],
  [
    'an agent nobody is',
    { ...base, agent: 'Agent' },
    "at agent: no process has the label 'Agent'. Did you mean 'agent'?",
  ],
  [
    'a trustlet without VSM',
    withProcess({ label: 'x', image: 'x', trustlet: { id: 1 } }, { system: { build: 26100, vsm: false } }),
    'at processes[1].trustlet: a trustlet needs VSM, and system.vsm is false.',
  ],
  [
    'Secure System without VSM',
    withProcess({ label: 'x', image: 'x', kind: 'secure-system' }, { system: { build: 26100, vsm: false } }),
    'at processes[1].kind: Secure System needs VSM, and system.vsm is false.',
  ],
  [
    'a trustlet that is a pseudo-process',
    withProcess({ label: 'x', image: 'x', kind: 'registry', trustlet: { id: 1 } }),
    "at processes[1].trustlet: a process of kind 'registry' is no trustlet.",
  ],
  [
    'HVCI without VSM',
    { ...base, system: { build: 26100, vsm: false, hvci: true } },
    'at system.hvci: HVCI needs VSM, and system.vsm is false.',
  ],
  [
    'strict mode without HVCI',
    { ...base, system: { build: 26100, vsm: true, hvciStrict: true } },
    'at system.hvciStrict: strict mode is a mode of HVCI',
  ],
  [
    'an unknown status',
    { ...base, faults: [{ call: 'NtClose', status: 'STATUS_ACESS_DENIED' }] },
    "Did you mean 'STATUS_ACCESS_DENIED'?",
  ],
  [
    'a status that is a success',
    { ...base, faults: [{ call: 'NtClose', status: 'STATUS_SUCCESS' }] },
    'at faults[0].status: expected one of STATUS_DATATYPE_MISALIGNMENT',
  ],
  [
    'a success in digits',
    { ...base, faults: [{ call: 'NtClose', status: '0x00000000' }] },
    'or a failure as 0x and eight digits, 0x80000000 or above',
  ],
  [
    'a status that is a number',
    { ...base, faults: [{ call: 'NtClose', status: 5 }] },
    'at faults[0].status: expected one of',
  ],
  [
    'an unknown call',
    { ...base, faults: [{ call: 'NtOpenProces', status: '0xC0000022' }] },
    "Did you mean 'NtOpenProcess'?",
  ],
  [
    'an information class for a call that has none',
    { ...base, faults: [{ call: 'NtClose', status: '0xC0000022', infoClass: 1 }] },
    'at faults[0].infoClass: NtClose has no information class; leave it out.',
  ],
  [
    'the same in a process',
    withProcess({ label: 'x', image: 'x', faults: [{ call: 'NtClose', status: '0xC0000022', infoClass: 1 }] }),
    'at processes[1].faults[0].infoClass: NtClose has no information class',
  ],
  [
    'the 0th call',
    { ...base, faults: [{ call: 'NtClose', status: '0xC0000022', nth: 0 }] },
    'at faults[0].nth: expected a whole number from 1 to 4294967295; got 0.',
  ],
  ['an unknown policy', { ...base, policies: { 'read-memroy': 'x' } }, "Did you mean 'read-memory'?"],
  [
    'a policy value that is a number',
    { ...base, policies: { 'extended-size-input': 1 } },
    'at policies.extended-size-input: expected one of',
  ],
  [
    'an unknown policy value',
    { ...base, policies: { 'extended-size-input': 'lax' } },
    "expected one of ignored, strict; got 'lax'.",
  ],
  [
    'an unknown signer',
    withProcess({ label: 'x', image: 'x', protection: { type: 'Protected', signer: 'lsa' } }),
    "Did you mean 'Lsa'?",
  ],
  [
    'a privilege that is none',
    withProcess({ label: 'x', image: 'x', privileges: ['Debug'] }),
    "at processes[1].privileges[0]: expected the name of a privilege, such as SeDebugPrivilege; got 'Debug'.",
  ],
  [
    'a crowd that takes a label',
    {
      ...base,
      processes: [{ label: 'c-2', image: 'x' }],
      agent: 'c-2',
      crowds: [{ label: 'c', count: 3, image: 'x' }],
    },
    "at crowds[0].label: the label 'c-2' is taken by processes[0].label.",
  ],
  [
    'crowds beyond what a machine holds',
    { ...base, crowds: [{ label: 'a', count: 200000, image: 'x' }] },
    'at crowds[0].count: a machine has at most 200000 processes.',
  ],
  [
    'threads beyond what a machine holds',
    { ...base, crowds: [{ label: 'a', count: 101, image: 'x', threads: 10000 }] },
    'at crowds[0].threads: a machine has at most 1000000 threads.',
  ],
  [
    'the same in processes and crowds together',
    {
      ...withProcess({ label: 'x', image: 'x', threads: 10000 }),
      crowds: [
        { label: 'a', count: 98, image: 'x', threads: 10000 },
        { label: 'b', count: 1, image: 'x', threads: 10000 },
      ],
    },
    'at crowds[1].threads: a machine has at most 1000000 threads.',
  ],
  [
    'a crowd with an unknown parent',
    { ...base, crowds: [{ label: 'a', count: 1, image: 'x', parent: 'b-9' }] },
    "at crowds[0].parent: no process has the label 'b-9'.",
  ],
];
for (const [what, value, expected] of cases) {
  test(`refuses ${what}, with the place and what was expected`, () => {
    const message = refusal(value);
    assert.ok(message.includes(expected), message);
  });
}

test('takes as many threads as a machine holds', () => {
  const idle = { label: 'idle', image: '', kind: 'idle' };
  const crowd = (threads: number) => ({ label: `of-${threads}`, count: 1, image: 'x', threads });
  const crowds = [{ label: 'a', count: 99, image: 'x', threads: 10000 }, crowd(9999)];
  assert.ok(parseScenario({ ...withProcess(idle), crowds }));
  assert.match(refusal({ ...withProcess(idle), crowds: [...crowds, crowd(1)] }), /at crowds\[2\]\.threads/);
});
