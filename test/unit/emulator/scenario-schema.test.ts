import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseScenario, scenarioJsonSchema } from '../../../lib/emulator/scenario-schema.js';
import { nearMiss } from '../../../lib/near-miss.js';

const base = {
  schema: 1,
  name: 'small',
  title: 'a small machine',
  system: { build: 26100, vsm: true },
  agent: 'agent',
  processes: [{ label: 'agent', image: 'agent.exe' }],
};

describe('parseScenario', () => {
  test('reads a scenario that uses every property, and gives a copy', () => {
    const everything = {
      $schema: './scenario.schema.json',
      schema: 1,
      name: 'everything',
      title: 'all there is',
      system: {
        build: 26100,
        major: 10,
        minor: 0,
        vsm: true,
        hvci: true,
        hvciStrict: true,
        secureBoot: false,
        testSigning: true,
        hypervisor: true,
        dmaProtection: false,
        secureBit: 'reported',
        missingClasses: [165, 169],
        seed: 0xffffffff,
        bootId: 65535,
      },
      agent: 'crowd-2',
      processes: [
        { label: 'idle', image: '', kind: 'idle', pid: 0 },
        {
          label: 'all',
          image: 'all.exe',
          pid: 4096,
          parent: 'crowd-1',
          session: 1,
          user: 'administrator',
          elevated: true,
          privileges: ['SeDebugPrivilege', 'SeTcbPrivilege'],
          protection: { type: 'ProtectedLight', signer: 'Lsa', audit: true },
          trustlet: { id: 1, debugPolicy: 3, crashDump: 'encrypted' },
          kind: 'normal',
          wow64: false,
          frozen: true,
          background: true,
          stronglyNamed: true,
          crossSessionCreate: true,
          state: 'exiting',
          threads: 3,
          access: 'everyone',
          faults: [{ call: 'NtQueryInformationProcess', status: '0xC0000022', infoClass: 0, nth: 2 }],
          volatile: true,
        },
      ],
      crowds: [{ label: 'crowd', count: 2, image: 'crowd.exe', parent: 'all', session: 1, user: 'user', threads: 2 }],
      faults: [{ call: 'SecureCall', status: 'STATUS_DEVICE_NOT_CONNECTED' }],
      policies: { 'extended-size-input': 'strict' },
      churn: 'reuse-at-every-call',
    };
    const parsed = parseScenario(everything);
    assert.deepEqual(parsed, everything);
    assert.notEqual(parsed, everything);
    assert.notEqual(parsed.processes, everything.processes);
  });

  test('leaves out what is undefined', () => {
    const parsed = parseScenario({ ...base, churn: undefined });
    assert.equal(Object.hasOwn(parsed, 'churn'), false);
  });

  test('keeps 0 where a document says -0', () => {
    const parsed = parseScenario({ ...base, system: { ...base.system, seed: -0 } });
    assert.equal(Object.is(parsed.system.seed, 0), true);
  });
});

describe('nearMiss', () => {
  test('finds a word with two letters swapped, one missing, one too many, or another case', () => {
    const names = ['protection', 'privileges', 'pid'];
    assert.equal(nearMiss('protetcion', names), 'protection');
    assert.equal(nearMiss('privilege', names), 'privileges');
    assert.equal(nearMiss('piid', names), 'pid');
    assert.equal(nearMiss('PID', names), 'pid');
  });

  test('prefers the closest and gives up on words that are far away or long', () => {
    assert.equal(nearMiss('processes', ['process', 'processed', 'processes1']), 'processed');
    assert.equal(nearMiss('volatile', ['pid']), undefined);
    assert.equal(nearMiss('x'.repeat(65), ['x'.repeat(65)]), undefined);
    assert.equal(nearMiss('', ['a']), 'a');
  });
});

describe('scenarioJsonSchema', () => {
  const schema = scenarioJsonSchema() as {
    readonly $schema: string;
    readonly required: readonly string[];
    readonly additionalProperties: boolean;
    readonly properties: Readonly<Record<string, unknown>>;
    readonly $defs: Readonly<
      Record<string, { readonly properties: Readonly<Record<string, unknown>>; readonly required: readonly string[] }>
    >;
  };

  test('names the properties a document must have, and no others are allowed', () => {
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    assert.deepEqual(schema.required, ['schema', 'name', 'title', 'system', 'agent', 'processes']);
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(schema.properties['schema'], { description: 'Version of this format.', const: 1 });
  });

  test('defines every kind of entry once', () => {
    assert.deepEqual(Object.keys(schema.$defs).sort(), [
      'configured',
      'crowd',
      'fault',
      'policies',
      'process',
      'protection',
      'system',
      'trustlet',
    ]);
    assert.deepEqual(schema.$defs['process']?.required, ['label', 'image']);
    assert.deepEqual(schema.$defs['process']?.properties['trustlet'], { $ref: '#/$defs/trustlet' });
    assert.deepEqual(schema.$defs['process']?.properties['pid'], {
      description: 'Process id. 0 is the Idle process, 4 is System. Default: the next free one.',
      type: 'integer',
      minimum: 0,
      maximum: 4294967292,
      multipleOf: 4,
    });
    assert.deepEqual(schema.$defs['trustlet']?.properties['crashDump'], {
      description: 'CrashDump policy of the image. Default none.',
      type: 'string',
      enum: ['none', 'encrypted'],
    });
  });

  test('offers status names and digits side by side', () => {
    const status = schema.$defs['fault']?.properties['status'] as {
      readonly anyOf: readonly Readonly<Record<string, unknown>>[];
    };
    const names = status.anyOf[0]?.['enum'] as readonly string[];
    assert.equal(names.includes('STATUS_ACCESS_DENIED'), true);
    assert.equal(names.includes('STATUS_SUCCESS'), false);
    assert.equal(status.anyOf[1]?.['pattern'], '^0x[89a-fA-F][0-9a-fA-F]{7}$');
  });
});
