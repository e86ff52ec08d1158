/** The rules of DESIGN.md's house for the driver's C: who may include whom, what may never be called, and that IRQLs are stated. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const DRIVER = new URL('../../../driver/', import.meta.url);

interface SourceFile {
  readonly name: string;
  readonly text: string;
  /** Without comments and string literals. */
  readonly code: string;
}

const withoutComments = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '')
    .replaceAll(/L?"(?:[^"\\\n]|\\.)*"/g, '""');

const sourcesOf = (folder: string): readonly SourceFile[] =>
  readdirSync(new URL(`${folder}/`, DRIVER))
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => {
      const text = readFileSync(new URL(`${folder}/${name}`, DRIVER), 'utf8');
      return { name: `${folder}/${name}`, text, code: withoutComments(text) };
    });

const includesOf = (file: SourceFile): readonly string[] =>
  [...file.text.matchAll(/^#include ([<"][^>"]+[>"])/gm)].map((match) => match[1] ?? '');

const namesIn = (folder: string): ReadonlySet<string> =>
  new Set(readdirSync(new URL(`${folder}/`, DRIVER)).map((name) => `"${name}"`));

const SHIPPED = ['core', 'wdm', 'guard'];
const shipped = SHIPPED.flatMap(sourcesOf);

/** What could serve an attacker, or change another process: none of it may be named in what ships (docs/security.md). */
const FORBIDDEN = [
  'KeInitializeApc',
  'KeInsertQueueApc',
  'KeStackAttachProcess',
  'MmCopyVirtualMemory',
  'MmCopyMemory',
  'MmMapLockedPages',
  'MmMapIoSpace',
  'ObInsertObject',
  'ObOpenObjectByName',
  'ObRegisterCallbacks',
  'ObDuplicateObject',
  'PsSetCreateProcessNotifyRoutine',
  'PsSetLoadImageNotifyRoutine',
  'PsSetContextThread',
  'PsSuspendProcess',
  'RtlCreateUserThread',
  'ZwAllocateVirtualMemory',
  'ZwCreateFile',
  'ZwCreateSection',
  'ZwDuplicateObject',
  'ZwMapViewOfSection',
  'ZwOpenProcess',
  'ZwOpenThread',
  'ZwProtectVirtualMemory',
  'ZwSetInformationProcess',
  'ZwSetInformationThread',
  'ZwSuspendProcess',
  'ZwTerminateProcess',
  'ZwWriteVirtualMemory',
  'ProbeForRead',
  'ProbeForWrite',
];

describe('the house of the driver’s C', () => {
  test('there is something to look at', () => {
    assert.ok(shipped.length > 30, `${shipped.length} files`);
  });

  test('nothing that ships names a service that acts on a process', () => {
    const found = shipped.flatMap((file) =>
      FORBIDDEN.filter((name) => new RegExp(`\\b${name}\\w*\\b`).test(file.code)).map(
        (name) => `${file.name}: ${name}`,
      ),
    );
    assert.deepEqual(found, []);
  });

  test('NT’s headers are included by nt.h alone', () => {
    const system = shipped
      .filter((file) => file.name !== 'core/nt.h')
      .flatMap((file) =>
        includesOf(file)
          .filter((name) => name.startsWith('<'))
          .map((name) => `${file.name}: ${name}`),
      );
    assert.deepEqual(system, []);
  });

  test('core knows nobody above it, and wdm and guard do not know one another', () => {
    const core = namesIn('core');
    const shared = namesIn('include');
    const wrong = SHIPPED.flatMap((folder) => {
      const own = namesIn(folder);
      return sourcesOf(folder).flatMap((file) =>
        includesOf(file)
          .filter((name) => name.startsWith('"') && !own.has(name) && !core.has(name) && !shared.has(name))
          .map((name) => `${file.name}: ${name}`),
      );
    });
    assert.deepEqual(wrong, []);
  });

  test('one source serves every kernel: no conditional compilation outside nt.h and mingw_compat.h', () => {
    const conditional = shipped
      .filter((file) => !['core/nt.h', 'core/mingw_compat.h'].includes(file.name))
      .filter((file) => /^#\s*(?:if|ifdef|ifndef|elif|else)\b/m.test(file.text))
      .map((file) => file.name);
    assert.deepEqual(conditional, []);
  });

  test('the word Wine decides nothing: it appears in comments only', () => {
    const found = shipped.filter((file) => /wine/i.test(file.code)).map((file) => file.name);
    assert.deepEqual(found, []);
  });

  test('every header says at which IRQL its functions may be called', () => {
    const silent = shipped
      .filter((file) => file.name.endsWith('.h') && /^(?!typedef|#).*\b\w+\([^;{]*\)\s*;/m.test(file.code))
      .filter((file) => !file.name.endsWith('nt.h') && !file.name.endsWith('compat.h'))
      .filter((file) => !/IRQL/.test(file.text.replaceAll('_IRQL_requires_max_', '')))
      .map((file) => file.name);
    assert.deepEqual(silent, []);
  });

  test('no file is longer than 400 lines', () => {
    const long = shipped.filter((file) => file.text.split('\n').length > 400).map((file) => file.name);
    assert.deepEqual(long, []);
  });
});
