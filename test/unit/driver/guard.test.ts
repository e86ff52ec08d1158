/** The guard for drivers: its page and its projects are held to what they speak of. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OPERATIONS } from '../../../lib/guard/operations.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const text = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const all = (source: string, pattern: RegExp): string[] => [...source.matchAll(pattern)].map(([, found = '']) => found);
const page = text('docs', 'guard-for-drivers.md');

const cFiles = (folder: string, prefix: string): string[] =>
  readdirSync(join(root, 'driver', folder))
    .filter((name) => name.endsWith('.c'))
    .map((name) => `${prefix}${name}`);

describe('the guard for drivers', () => {
  test('its page names every operation as lib/guard/operations.ts does, in that order', () => {
    const rows = page
      .split('\n')
      .filter((line) => line.includes('| `TL_OPERATION_'))
      .map((line) =>
        line
          .split('|')
          .slice(1, 5)
          .map((cell) => cell.trim().replaceAll('`', '')),
      );
    assert.equal(rows.length, 15);
    assert.deepEqual(
      rows,
      OPERATIONS.map(({ operation, kernelApi, acts, concern }) => [
        kernelApi,
        `TL_OPERATION_${operation.toUpperCase().replaceAll('-', '_')}`,
        acts,
        concern === 'isolation' ? 'refused' : 'refused, unless accepted',
      ]),
    );
  });

  test('its page counts what the library needs of the kernel', () => {
    const imports = text('driver', 'guard', 'imports.txt')
      .split('\n')
      .filter((line) => /^\w/.test(line));
    assert.equal(imports.length, 18);
    assert.ok(page.includes('eighteen names'));
    for (const name of ['KeInsertQueueApc', 'KeStackAttachProcess', 'MmCopyVirtualMemory', 'ZwOpenProcess'])
      assert.ok(!imports.includes(name), name);
  });

  test('every function its page and sample call is declared by the header', () => {
    const header = text('driver', 'include', 'trustlet_guard.h');
    const called = [page, text('driver', 'sample', 'guarded.c'), text('driver', 'sample', 'driver_entry.c')]
      .flatMap((source) => all(source, /\b(Tl(?:Query|Guard|Release)\w+)\(/g))
      .filter((name, index, names) => names.indexOf(name) === index);
    assert.ok(called.length >= 6, called.join());
    for (const name of called) assert.match(header, new RegExp(`(?:VOID|NTSTATUS) ${name}\\(`));
  });

  test('trustlet_guard.vcxproj compiles the guard and the parts of core without I/O, as a library', () => {
    const project = text('driver', 'guard', 'trustlet_guard.vcxproj');
    const core = ['decide', 'process', 'secure', 'system', 'target', 'thread', 'verdict'].map(
      (name) => `..\\core\\${name}.c`,
    );
    assert.deepEqual(
      all(project, /<ClCompile Include="([^"]+)"/g).toSorted(),
      [...cFiles('guard', ''), ...core].toSorted(),
    );
    assert.ok(project.includes('<ConfigurationType>StaticLibrary<'));
    assert.deepEqual(all(text('scripts', 'build-guard.mjs'), /^const CORE = \[(.*)\];$/gm), [
      "'decide', 'process', 'secure', 'system', 'target', 'thread', 'verdict'",
    ]);
  });

  test('trustlet-sample.vcxproj compiles the sample and links the library', () => {
    const project = text('driver', 'sample', 'trustlet-sample.vcxproj');
    assert.deepEqual(
      all(project, /<ClCompile Include="([^"]+)"/g).toSorted(),
      [...cFiles('sample', ''), '..\\core\\acl.c', '..\\wdm\\security.c'].toSorted(),
    );
    const [guid = ''] = all(text('driver', 'guard', 'trustlet_guard.vcxproj'), /<ProjectGuid>(.*)<\/ProjectGuid>/g);
    assert.ok(project.includes(`<Project>${guid}</Project>`));
  });

  test('the sample acts on nothing', () => {
    const code = cFiles('sample', '')
      .map((name) => text('driver', 'sample', name))
      .join('\n')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '');
    assert.doesNotMatch(
      code,
      /KeInsertQueueApc|KeInitializeApc|AttachProcess|CopyVirtualMemory|ZwTerminate|ZwOpenProc/,
    );
  });
});
