import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readHelperOutput } from '../../../lib/posture/helper-output.js';

type Json = Record<string, unknown>;

const EMPTY = { values: {}, error: null };
const KEYS = ['DeviceGuard', 'HypervisorEnforcedCodeIntegrity', 'Lsa', 'Policy', 'Windows'];

const WMI = {
  VirtualizationBasedSecurityStatus: 2,
  SecurityServicesConfigured: [1, 2],
  SecurityServicesRunning: [1, 2],
  Version: '1.0',
};

/** What the script prints, with other parts. */
const output = (over: { readonly deviceGuard?: unknown; readonly registry?: Json } = {}): string =>
  JSON.stringify({
    trustlet: 1,
    deviceGuard: over.deviceGuard ?? { values: WMI, error: null },
    registry: { ...Object.fromEntries(KEYS.map((key) => [key, EMPTY])), ...over.registry },
  });

const wmiOf = (values: Json) => readHelperOutput(output({ deviceGuard: { values, error: null } })).deviceGuard;
const wmiError = (error: string) => readHelperOutput(output({ deviceGuard: { values: {}, error } })).deviceGuard;
const registryOf = (registry: Json) => readHelperOutput(output({ registry })).registry;

describe('what the helper printed', () => {
  test('both sources, properties this Windows lacks as null', () => {
    const { deviceGuard, registry } = readHelperOutput(
      output({
        registry: {
          Lsa: { values: { LsaCfgFlags: 2 }, error: null },
          Windows: { values: { EditionID: 'Core' }, error: null },
        },
      }),
    );
    assert.deepEqual(deviceGuard, {
      state: 'answered',
      problem: null,
      values: {
        VirtualizationBasedSecurityStatus: 2,
        SecurityServicesConfigured: [1, 2],
        SecurityServicesRunning: [1, 2],
        RequiredSecurityProperties: null,
        AvailableSecurityProperties: null,
        CodeIntegrityPolicyEnforcementStatus: null,
        UsermodeCodeIntegrityPolicyEnforcementStatus: null,
        VirtualMachineIsolationStatus: null,
        VirtualMachineIsolationProperties: null,
        InstanceIdentifier: null,
        Version: '1.0',
      },
    });
    assert.deepEqual(registry, {
      state: 'answered',
      problem: null,
      values: { 'Lsa\\LsaCfgFlags': 2, 'Windows\\EditionID': 'Core' },
    });
  });

  test('line breaks of a console and a byte order mark do not matter', () => {
    const text = output();
    const { deviceGuard } = readHelperOutput(`\uFEFF${text.slice(0, 70)}\r\n${text.slice(70)}\r\n`);
    assert.equal(deviceGuard.state, 'answered');
  });

  test('a list of one may come as its member, or wrapped as PowerShell 5.1 does', () => {
    assert.deepEqual(wmiOf({ SecurityServicesRunning: 2 }).values?.SecurityServicesRunning, [2]);
    assert.deepEqual(
      wmiOf({ SecurityServicesRunning: { value: [1, 9], Count: 2 } }).values?.SecurityServicesRunning,
      [1, 9],
    );
    assert.deepEqual(wmiOf({ SecurityServicesRunning: [] }).values?.SecurityServicesRunning, []);
    assert.equal(wmiOf({ VirtualizationBasedSecurityStatus: [1] }).values?.VirtualizationBasedSecurityStatus, 1);
  });

  test('numbers nobody knows pass, a negative DWORD is the number it stands for', () => {
    assert.equal(wmiOf({ VirtualizationBasedSecurityStatus: 77 }).values?.VirtualizationBasedSecurityStatus, 77);
    const { values } = registryOf({ Lsa: { values: { LsaCfgFlags: -1 }, error: null } });
    assert.equal(values?.['Lsa\\LsaCfgFlags'], 4294967295);
  });

  test('a null is a property that is not there', () => {
    assert.equal(wmiOf({ ...WMI, Version: null }).values?.Version, null);
    assert.deepEqual(registryOf({ Lsa: { values: { LsaCfgFlags: null }, error: null } }).values, {});
  });

  for (const [what, values] of [
    ['a text for a number', { VirtualizationBasedSecurityStatus: '2' }],
    ['half a number', { VirtualizationBasedSecurityStatus: 1.5 }],
    ['a number beyond 32 bits', { VirtualizationBasedSecurityStatus: 4294967296 }],
    ['two numbers for one', { VirtualizationBasedSecurityStatus: [1, 2] }],
    ['a list of texts', { SecurityServicesRunning: ['1'] }],
    ['a list too long', { SecurityServicesRunning: Array.from({ length: 65 }, () => 1) }],
    ['an object for a list', { SecurityServicesRunning: { 0: 1 } }],
    ['a number for a text', { Version: 1 }],
    ['a text with control characters', { Version: '\u001b[2J' }],
    ['a text too long', { Version: 'x'.repeat(201) }],
    ['none of the known properties', { Something: 1 }],
  ] as const) {
    test(`WMI: ${what} is malformed, and the registry stands`, () => {
      const { deviceGuard, registry } = readHelperOutput(output({ deviceGuard: { values, error: null } }));
      assert.equal(deviceGuard.state, 'malformed');
      assert.equal(deviceGuard.values, null);
      assert.equal(registry.state, 'answered');
    });
  }

  for (const [identifier, state] of [
    ['HRESULT 0x80041003,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand', 'refused'],
    ['HRESULT 0x80070005,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand', 'refused'],
    ['HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand', 'unavailable'],
    ['HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand', 'unavailable'],
    ['HRESULT 0x800706ba,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand', 'failed'],
    ['Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand', 'failed'],
  ] as const) {
    test(`WMI: ${identifier.split(',')[0]} is ${state}`, () => {
      const source = wmiError(identifier);
      assert.equal(source.state, state);
      assert.ok(source.problem?.includes(identifier));
    });
  }

  test('an identifier is shown without what could move a cursor, and no longer than need be', () => {
    assert.doesNotMatch(wmiError(`\u001b]0;x\u0007${'y'.repeat(500)}`).problem ?? '', /[^\x20-\x7e]|y{201}/);
  });

  test('the registry: a key that is not there sets nothing', () => {
    const gone = { values: {}, error: 'PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand' };
    assert.deepEqual(registryOf({ Policy: gone }), { state: 'answered', problem: null, values: {} });
  });

  test('the registry: one key that refuses leaves the others, and is told', () => {
    const source = registryOf({
      Lsa: {
        values: {},
        error: 'System.Security.SecurityException,Microsoft.PowerShell.Commands.GetItemPropertyCommand',
      },
      DeviceGuard: { values: { Locked: 1 }, error: null },
    });
    assert.equal(source.state, 'answered');
    assert.deepEqual(source.values, { 'DeviceGuard\\Locked': 1 });
    assert.match(source.problem ?? '', /^HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa refused access/);
  });

  test('the registry: where every key refuses, or fails, it did not answer', () => {
    const all = (error: string) => registryOf(Object.fromEntries(KEYS.map((key) => [key, { values: {}, error }])));
    assert.equal(all('System.Security.SecurityException,X').state, 'refused');
    assert.equal(all('Boom,X').state, 'failed');
    assert.match(all('Boom,X').problem ?? '', /could not be read \(Boom,X\)/);
  });

  test('the registry: a value of another type is malformed, by its name', () => {
    const source = registryOf({ DeviceGuard: { values: { Locked: '1' }, error: null } });
    assert.equal(source.state, 'malformed');
    assert.match(source.problem ?? '', /DeviceGuard\\Locked/);
  });

  test('partial documents: each source for itself', () => {
    const noRegistry = readHelperOutput(JSON.stringify({ trustlet: 1, deviceGuard: { values: WMI, error: null } }));
    assert.deepEqual([noRegistry.deviceGuard.state, noRegistry.registry.state], ['answered', 'malformed']);
    const noWmi = readHelperOutput(output({ deviceGuard: [] }));
    assert.deepEqual([noWmi.deviceGuard.state, noWmi.registry.state], ['malformed', 'answered']);
    for (const part of [null, 3, { values: [] }, { values: {}, error: 5 }]) {
      assert.equal(registryOf({ Lsa: part }).state, 'malformed');
    }
  });

  test('nothing: a failure, as over Wine, whose powershell.exe does nothing', () => {
    const { deviceGuard, registry } = readHelperOutput(' \r\n');
    assert.equal(deviceGuard.state, 'failed');
    assert.match(deviceGuard.problem ?? '', /^PowerShell printed nothing/);
    assert.equal(registry.state, 'failed');
  });

  for (const [what, text, problem] of [
    ['half a document', output().slice(0, 80), 'PowerShell did not print one JSON document'],
    ['two documents', `${output()}${output()}`, 'PowerShell did not print one JSON document'],
    ['garbage', '\0\0\u00ff', 'PowerShell did not print one JSON document'],
    ['another document', '[1]', 'PowerShell printed JSON of another shape'],
    ['a later version', '{"trustlet":2}', 'PowerShell printed JSON of another shape'],
    ['null', 'null', 'PowerShell printed JSON of another shape'],
  ] as const) {
    test(`${what}: both sources are malformed, with the reason`, () => {
      const { deviceGuard, registry } = readHelperOutput(text);
      assert.deepEqual(deviceGuard, { state: 'malformed', problem, values: null });
      assert.deepEqual(registry, { state: 'malformed', problem, values: null });
    });
  }
});
