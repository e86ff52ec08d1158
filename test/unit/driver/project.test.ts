/** The files of the WDK build, which nobody runs here: what can be held to the rest of the tree is. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const text = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const { version } = JSON.parse(text('package.json')) as { version: string };
const project = text('driver', 'trustlet.vcxproj');
const inf = text('driver', 'trustlet.inf');

/** Every match of a pattern's first group. */
const all = (source: string, pattern: RegExp): string[] => [...source.matchAll(pattern)].map(([, found = '']) => found);

const sources = (folder: string): string[] =>
  readdirSync(join(root, 'driver', folder))
    .filter((name) => name.endsWith('.c'))
    .map((name) => `${folder}\\${name}`);

describe('the driver for the WDK', () => {
  test('trustlet.vcxproj compiles exactly the C files of core and wdm', () => {
    const compiled = all(project, /<ClCompile Include="([^"]+)"/g);
    assert.ok(compiled.length > 20);
    assert.deepEqual(compiled.toSorted(), [...sources('core'), ...sources('wdm')].toSorted());
  });

  test('trustlet.vcxproj builds for x64 and ARM64 with the flags a driver of today has', () => {
    assert.deepEqual(all(project, /<ProjectConfiguration Include="([^"]+)"/g), [
      'Debug|x64',
      'Debug|ARM64',
      'Release|x64',
      'Release|ARM64',
    ]);
    for (const part of [
      '/INTEGRITYCHECK',
      // What these sources provoke on purpose; C28170 is the opposite of C28172 and stays on.
      '<DisableSpecificWarnings>4204;4221;28168;28172;',
      '/GUARD:CF',
      '<ControlFlowGuard>Guard<',
      '<WarningLevel>Level4<',
      '<TreatWarningAsError>true<',
      '<TreatLinkerWarningAsErrors>true<',
      '<DRIVER_ALIGNMENT>0x1000<',
      '<CodeAnalysisRuleSet>DriverRecommendedRules.ruleset<',
      '<CodeAnalysisTreatWarningsAsErrors>true<',
      '<SpectreMitigation>Spectre<',
      '<ResourceCompile Include="trustlet.rc"',
      '<Inf Include="trustlet.inf"',
    ])
      assert.ok(project.includes(part), part);
  });

  test('version resource, INF and C header have the version of package.json', () => {
    const [major = '', minor = '', patch = ''] = version.split('.');
    const resource = text('driver', 'trustlet.rc');
    const header = text('driver', 'include', 'trustlet_protocol.h');
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.deepEqual(all(resource, /#define TL_VERSION_NUMBERS (.*)/g), [`${major}, ${minor}, ${patch}, 0`]);
    assert.deepEqual(all(resource, /#define TL_VERSION_TEXT (.*)/g), [`"${version}.0"`]);
    assert.deepEqual(all(inf, /^DriverVer\s*=\s*\d\d\/\d\d\/\d{4},(.*)$/gm), [`${version}.0`]);
    assert.deepEqual(all(header, /#define TL_DRIVER_VERSION (0x[0-9a-f]+)u?$/gim).map(Number), [
      (Number(major) << 16) | (Number(minor) << 8) | Number(patch),
    ]);
  });

  test('trustlet.inf installs a demand-start kernel service from the driver store, on both architectures', () => {
    for (const architecture of ['amd64', 'arm64']) {
      assert.ok(inf.includes(`[DefaultInstall.NT${architecture}]`));
      assert.ok(inf.includes(`[DefaultInstall.NT${architecture}.Services]`));
    }
    for (const line of [
      /^Class\s*= "ActivityMonitor"$/m,
      /^ClassGuid\s*= \{b86dff51-a31e-4bac-b3cf-e8cfe75c9fc2\}$/m,
      /^CatalogFile\s*= trustlet\.cat$/m,
      /^PnpLockdown\s*= 1$/m,
      /^DefaultDestDir\s*= 13$/m,
      /^ServiceType\s*= 1$/m,
      /^StartType\s*= 3$/m,
      /^ErrorControl\s*= 1$/m,
      /^ServiceBinary\s*= %13%\\trustlet\.sys$/m,
    ])
      assert.match(inf, line);
    assert.doesNotMatch(inf, /^\s*Altitude/im);
  });

  test('the test build calls itself something else', () => {
    const names = text('test', 'wine', 'driver', 'trustlet-sim.rc');
    assert.ok(names.includes('"trustlet-sim.sys"'));
    assert.ok(names.includes('TEST BUILD'));
    assert.ok(!text('driver', 'wdm', 'names.c').includes('Sim'));
  });
});
