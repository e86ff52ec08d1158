/** Each rule of protocol/check-schema.ts, broken once. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { schemaFaults } from '../../../protocol/check-schema.js';
import { generate } from '../../../protocol/generate.js';
import { protocolOf } from '../../../protocol/schema.js';
import type { Enumeration, Field, Protocol, Structure } from '../../../protocol/schema-types.js';

const sound = protocolOf('1.2.3');

const withStructure = (name: string, change: (structure: Structure) => Structure): Protocol => ({
  ...sound,
  structures: sound.structures.map((structure) => (structure.name === name ? change(structure) : structure)),
});

/** HelloRequest is header, minVersion at 16, maxVersion at 18, reserved at 20; 24 bytes. */
const withField = (name: string, change: Partial<Field>): Protocol =>
  withStructure('HelloRequest', (structure) => ({
    ...structure,
    fields: structure.fields.map((field) => (field.name === name ? { ...field, ...change } : field)),
  }));

const withVerdicts = (change: Partial<Enumeration>): Protocol => ({
  ...sound,
  enumerations: sound.enumerations.map((each) => (each.name === 'Verdict' ? { ...each, ...change } : each)),
});

const withMessage = (name: string, change: Partial<Protocol['messages'][number]>): Protocol => ({
  ...sound,
  messages: sound.messages.map((message) => (message.name === name ? { ...message, ...change } : message)),
});

describe('the schema’s own rules', () => {
  test('the schema keeps them', () => {
    assert.deepEqual(schemaFaults(sound), []);
  });

  const broken: readonly (readonly [string, Protocol, readonly string[]])[] = [
    [
      'a gap before a member',
      withField('reserved', { offset: 24 }),
      ['HelloRequest.reserved is at 24, not at 20', 'HelloRequest ends at 28, not at 24'],
    ],
    [
      'an overlap of two members',
      withField('maxVersion', { offset: 16 }),
      ['HelloRequest.maxVersion is at 16, not at 18', 'HelloRequest.reserved is at 20, not at 18'],
    ],
    [
      'a member off its alignment',
      withField('minVersion', { type: 'u8' }),
      ['HelloRequest.maxVersion is at 18, not at 17'],
    ],
    [
      'a member whose natural place is not aligned',
      withStructure('HelloRequest', (structure) => ({
        ...structure,
        fields: [
          ...structure.fields.slice(0, 2),
          { name: 'wide', type: 'u32', offset: 18, about: '' },
          { name: 'rest', type: 'u16', offset: 22, about: '' },
        ],
      })),
      ['HelloRequest.wide is not 4-aligned'],
    ],
    [
      'a size that is not where the members end',
      withStructure('HelloRequest', (structure) => ({ ...structure, size: 32 })),
      ['HelloRequest ends at 24, not at 32'],
    ],
    [
      'a size that is no multiple of 8',
      withStructure('HelloRequest', (structure) => ({
        ...structure,
        size: 20,
        v1Size: 20,
        fields: structure.fields.slice(0, 3),
      })),
      ['HelloRequest is no multiple of 8'],
    ],
    [
      'a structure smaller than in version 1',
      withStructure('HelloRequest', (structure) => ({ ...structure, v1Size: 32 })),
      ['HelloRequest shrank'],
    ],
    [
      'two members of one name',
      withField('maxVersion', { name: 'minVersion' }),
      ['HelloRequest has two members of one name'],
    ],
    [
      'a message with a request that is none',
      withMessage('HELLO', { request: 'Nothing' }),
      ['there is no structure Nothing'],
    ],
    [
      'a message with a record that is none',
      withMessage('QUERY', { record: 'Nothing' }),
      ['there is no structure Nothing'],
    ],
    ['two messages of one number', withMessage('HELLO', { number: 2 }), ['two messages are the same']],
    ['a message with a reserved number', withMessage('HELLO', { number: 7 }), ['two messages are the same']],
    [
      'two structures of one name',
      { ...sound, structures: [...sound.structures, ...sound.structures.slice(-1)] },
      ['two structures are the same'],
    ],
    [
      'two values of one number',
      withVerdicts({
        values: [
          { name: 'unknown', value: 0 },
          { name: 'secure', value: 0 },
        ],
      }),
      ['two values of Verdict are the same'],
    ],
    [
      'two values of one name',
      withVerdicts({
        values: [
          { name: 'unknown', value: 0 },
          { name: 'unknown', value: 1 },
        ],
      }),
      ['two names of Verdict are the same'],
    ],
    [
      'a value that does not fit where it is written',
      withVerdicts({ values: [{ name: 'unknown', value: 256 }] }),
      ['Verdict.unknown does not fit into a byte'],
    ],
    ['versions that are no range', { ...sound, versionMin: 2 }, ['the versions are no range']],
    ['a version 0', { ...sound, versionMin: 0 }, ['the versions are no range']],
    ['a device type of Microsoft’s', { ...sound, deviceType: 0x7fff }, ['the device type is not a vendor’s']],
  ];
  for (const [what, protocol, faults] of broken) {
    test(`${what} is found`, () => {
      for (const fault of faults) assert.ok(schemaFaults(protocol).includes(fault), schemaFaults(protocol).join('; '));
    });
  }

  test('bits may be larger than a byte', () => {
    assert.deepEqual(schemaFaults(withVerdicts({ bits: true, values: [{ name: 'unknown', value: 0x100 }] })), []);
  });

  test('nothing is generated from an unsound schema, and every fault is named', () => {
    assert.throws(() => generate({ ...withMessage('HELLO', { number: 2 }), versionMin: 0 }), {
      message: "The protocol's schema is unsound:\ntwo messages are the same\nthe versions are no range",
    });
  });
});
