/** The house rules that no compiler keeps (DESIGN.md "Who may import whom"). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Source {
  /** Path from the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** What it imports: paths from the root for its own modules, names for packages. */
  readonly imports: readonly string[];
}

const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');

const importsOf = (path: string, code: string): string[] =>
  [
    ...code.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|\brequire(?:Module|Package)?(?:<\w+>)?\(\s*)'([^']+)'/g),
  ].map(([, name = '']) =>
    name.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), name)).replace(/\.js$/, '.ts') : name,
  );

const sourcesIn = (folder: string): Source[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:ts|mjs)$/.test(path) && !path.includes('node_modules'))
    .map((path) => {
      const name = `${folder}/${path.replaceAll('\\', '/')}`;
      const text = readFileSync(join(root, name), 'utf8');
      const code = withoutComments(text);
      return { path: name, text, code, imports: importsOf(name, code) };
    });

/** What is published. */
const sources: readonly Source[] = sourcesIn('lib');
const scripts: readonly Source[] = sourcesIn('scripts');
const generators: readonly Source[] = sourcesIn('protocol');
/** test/runners apart: what is installed there is not ours. */
const tests: readonly Source[] = [
  'browser',
  'contract',
  'corpus',
  'fuzz',
  'model',
  'property',
  'support',
  'unit',
  'wine',
].flatMap((folder) => sourcesIn(`test/${folder}`));

/** Nobody reads top to bottom what a program wrote. */
const isGenerated = (text: string): boolean => /do not edit/i.test(text.slice(0, 400));

const pathsOf = (found: readonly Source[]): string[] => found.map(({ path }) => path);

/** Where the emulator is given its cryptography. */
const BOOTING = 'lib/emulator/boot-machine.ts';
const withoutNodeCrypto = (path: string, code: string): string =>
  path === BOOTING ? code.replace("from '../node-crypto.js'", '') : code;

/** Every import of `who` that `allowed` does not let through. */
const offending = (who: (path: string) => boolean, allowed: (imported: string) => boolean): string[] =>
  sources
    .filter(({ path }) => who(path))
    .flatMap(({ path, imports }) => imports.filter((name) => !allowed(name)).map((name) => `${path} → ${name}`));

const below =
  (...folders: string[]) =>
  (path: string): boolean =>
    folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

describe('who may import whom', () => {
  test('there is something to look at', () => {
    assert.ok(sources.length > 100);
    assert.ok(scripts.length > 10 && tests.length > 50);
    assert.ok(sources.some(({ path, imports }) => path === 'lib/vsm.ts' && imports.includes('lib/guard/guard.ts')));
  });

  test('types, errors, ntstatus and layout know nobody above them', () => {
    const ground = below(
      'lib/types.ts',
      'lib/posture-types.ts',
      'lib/errors.ts',
      'lib/ntstatus.ts',
      'lib/to-json.ts',
      'lib/layout',
    );
    assert.deepEqual(offending(ground, ground), []);
  });

  test('the protocol’s schema knows names and rules of the library, and nobody knows it', () => {
    const allowed = ['lib/types.ts', 'lib/guard/operations.ts', 'lib/guard/decision-table.ts'];
    const outside = generators.flatMap(({ path, imports }) =>
      imports
        .filter((name) => !name.startsWith('node:') && !name.startsWith('protocol/') && !allowed.includes(name))
        .map((name) => `${path} → ${name}`),
    );
    assert.deepEqual(outside, []);
    assert.deepEqual(
      offending(
        () => true,
        (name) => !name.startsWith('protocol/'),
      ),
      [],
    );
  });

  test('the emulator knows the ground, the contracts and itself', () => {
    const allowed = below(
      'lib/emulator',
      'lib/types.ts',
      'lib/errors.ts',
      'lib/ntstatus.ts',
      'lib/layout',
      'lib/arguments.ts',
      'lib/near-miss.ts',
      'lib/backend.ts',
      'lib/nt-api.ts',
      'lib/guard/operations.ts',
      // The secure kernel judges an image by what `inspect` finds in it.
      'lib/pe/ekus.ts',
      'lib/pe/policy-values.ts',
      'lib/pe/report.ts',
    );
    const known = (path: string): boolean => below('lib/emulator')(path) && path !== BOOTING;
    assert.deepEqual(offending(known, allowed), []);
    const booting = (name: string): boolean => below('lib/emulator', 'lib/node-crypto.ts', 'lib/pe/inspect.ts')(name);
    assert.deepEqual(
      offending((path) => path === BOOTING, booting),
      [],
    );
  });

  test('the reader of files knows the ground and itself; one module of it opens files, and one names the PKI library', () => {
    const allowed = below('lib/pe', 'lib/types.ts', 'lib/errors.ts', 'lib/layout', 'lib/arguments.ts');
    const inspecting = (path: string): boolean =>
      below('lib/pe')(path) && !['lib/pe/file-source.ts', 'lib/pe/pki.ts'].includes(path);
    assert.deepEqual(offending(inspecting, allowed), []);
    const opening = below('lib/errors.ts', 'lib/pe', 'node:fs');
    assert.deepEqual(
      offending((path) => path === 'lib/pe/file-source.ts', opening),
      [],
    );
    const naming = sources.filter(({ imports }) => imports.includes('pkijs') || imports.includes('asn1js'));
    assert.deepEqual(pathsOf(naming), ['lib/pe/pki.ts']);
  });

  test('the wire protocol knows the ground and the contract of a record', () => {
    const allowed = below(
      'lib/protocol',
      'lib/types.ts',
      'lib/errors.ts',
      'lib/ntstatus.ts',
      'lib/layout',
      'lib/backend.ts',
    );
    assert.deepEqual(offending(below('lib/protocol'), allowed), []);
  });

  test('the validator of requests shares nothing with the codec but the wire', () => {
    const allowed = below('lib/protocol/wire.ts', 'lib/ntstatus.ts');
    assert.deepEqual(offending(below('lib/protocol/validate.ts'), allowed), []);
  });

  test('the emulator, the deciders and the wire protocol are pure: no clock, random source, crypto, process or I/O', () => {
    const pure = below(
      'lib/emulator',
      'lib/guard/decide.ts',
      'lib/guard/decision-table.ts',
      'lib/guard/operations.ts',
      'lib/guard/target.ts',
      'lib/guard/verdict.ts',
      'lib/arguments.ts',
      'lib/census.ts',
      'lib/layout',
      'lib/protocol',
      'lib/explain',
      'lib/near-miss.ts',
      'lib/facts.ts',
      'lib/posture/configuration.ts',
      'lib/posture/contrary-rules.ts',
      'lib/posture/device-guard.ts',
      'lib/posture/features.ts',
      'lib/posture/finding-rules.ts',
      'lib/posture/findings.ts',
      'lib/posture/helper-output.ts',
      'lib/posture/merge.ts',
      'lib/posture/nt-answers.ts',
      'lib/posture/registry.ts',
      'lib/posture/stalled-rules.ts',
      'lib/posture/weakness-rules.ts',
    );
    const impure =
      /\bDate\b|\bMath\.random\b|\bcrypto\b|\bperformance\b|\bprocess\.(?:env|hrtime|platform|arch|memoryUsage|stdin|stdout|stderr|argv|cwd|emitWarning|nextTick|getBuiltinModule)\b|\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bfetch\b|\bglobalThis\b|\beval\b|\bimport\(/;
    for (const each of [
      'setInterval(f)',
      'setImmediate(f)',
      'queueMicrotask(f)',
      'fetch(x)',
      'process.getBuiltinModule(x)',
    ])
      assert.match(each, impure);
    const found = sources.filter(
      ({ path, code, imports }) =>
        pure(path) && (impure.test(withoutNodeCrypto(path, code)) || imports.some((name) => name.startsWith('node:'))),
    );
    assert.deepEqual(pathsOf(found), []);
  });

  test('no backend imports another, and only open and the emulator’s entry know any', () => {
    const backends = ['driver', 'ntdll', 'emulated', 'replay'].map((name) => `lib/backends/${name}.ts`);
    const knowing = sources.filter(({ imports }) => imports.some((name) => backends.includes(name)));
    assert.deepEqual(knowing.map(({ path }) => path).sort(), ['lib/emulator-entry.ts', 'lib/open.ts']);
  });

  test('only the ntdll backend names koffi', () => {
    const naming = sources.filter(({ imports }) => imports.some((name) => name.includes('koffi')));
    assert.deepEqual(
      naming.map(({ path }) => path),
      ['lib/backends/ntdll.ts'],
    );
  });

  test('importing the package loads neither koffi nor the emulator nor a backend', () => {
    const loaded = new Set<string>();
    const visit = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      const source = sources.find((candidate) => candidate.path === path);
      const runtime = (source?.code ?? '')
        .replaceAll(/^(?:import|export) type [\s\S]*?;$/gm, '')
        .replaceAll(/^type [^;]*;$/gm, '');
      for (const name of importsOf(path, runtime)) {
        const lazily = runtime.includes(
          `'./${posix.relative(dirname(path), name).replace(/\.ts$/, '.js')}', import.meta.url`,
        );
        if (name.startsWith('lib/') && !lazily) visit(name);
      }
    };
    visit('lib/index.ts');
    assert.ok(loaded.has('lib/vsm.ts'));
    assert.deepEqual([...loaded].filter(below('lib/backends', 'lib/emulator', 'lib/scenario-file.ts')), []);
  });

  test('scripts import themselves, the published modules and packages, and nobody imports koffi there', () => {
    const allowed = (name: string): boolean =>
      below('scripts', 'lib', 'dist', 'driver', 'protocol')(name) ||
      (!name.includes('/') && name !== 'koffi') ||
      name.startsWith('node:');
    const found = scripts.flatMap(({ path, imports }) =>
      imports.filter((name) => !allowed(name)).map((name) => `${path} → ${name}`),
    );
    assert.deepEqual(found, []);
  });

  test('nothing published imports tests or benches, and there is no top-level await', () => {
    assert.deepEqual(
      offending(
        () => true,
        (name) => !below('test', 'bench', 'scripts')(name),
      ),
      [],
    );
    assert.deepEqual(pathsOf(sources.filter(({ code }) => /^(?:export )?(?:const .*= )?await /m.test(code))), []);
  });

  test('no default export, and every file is short enough to read in one sitting, tests and scripts too', () => {
    const all = [...sources, ...scripts, ...generators, ...tests];
    assert.deepEqual(pathsOf(all.filter(({ code }) => /\bexport default\b/.test(code))), []);
    assert.deepEqual(pathsOf(all.filter(({ text }) => !isGenerated(text) && text.split('\n').length > 400)), []);
  });

  test('no value is exported that nobody imports; what the deciders name is for readers too', () => {
    const all = [...sources, ...scripts, ...generators, ...tests];
    const needless = sources.flatMap(({ path, code }) =>
      [...code.matchAll(/^export (?:const|function|class) (\w+)/gm)]
        .map(([, name = '']) => name)
        .filter((name) => !all.some((other) => other.path !== path && new RegExp(`\\b${name}\\b`).test(other.code)))
        .map((name) => `${path}: ${name}`),
    );
    assert.deepEqual(
      needless.filter((each) => !each.startsWith('lib/guard/')),
      [],
    );
  });
});
