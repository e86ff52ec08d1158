// The package in a fresh project on this machine: types, programs, and what importing it loads.

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { run } from '../../scripts/lib/run.mjs';

const EMULATED = { TRUSTLET_BACKEND: 'emulated' };
const SEEN = {
  name: 'emulated',
  simulated: true,
  kinds: ['ordinary', 'secure', 'unknown'],
  refused: 'ERR_TRUSTLET_REFUSED',
};

/** What ends a process that loads it, whatever is around it. */
const POISON = (name) => `require('node:fs').writeSync(2, '${name} was loaded\\n'); process.exit(66);\n`;

const jsonOf = ({ exitCode, stdout, stderr }) => {
  assert.equal(exitCode, 0, stdout + stderr);
  return JSON.parse(stdout.trim().split(/\r?\n/).at(-1));
};

/** The compilers: this repository's, and the much older one that are-the-types-wrong brings. */
function compilers() {
  const attw = createRequire(inRoot('test', 'package', 'node_modules', '@arethetypeswrong', 'core', 'package.json'));
  return [inRoot('node_modules', 'typescript', 'bin', 'tsc'), attw.resolve('typescript/bin/tsc')];
}

async function typesCompile({ folder, node }, compiler, module) {
  const options = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable', 'dom'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    noUnusedLocals: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    resolveJsonModule: true,
    // The package's own declarations are read as strictly as the program.
    skipLibCheck: false,
    outDir: 'out',
    ...module,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['consumer.mts'] }));
  const compiled = await run(process.execPath, [compiler, '-p', folder], { cwd: folder, timeout: 120 });
  assert.equal(compiled.exitCode, 0, compiled.stdout + compiled.stderr);
  const ran = await node(join('out', 'consumer.mjs'));
  assert.equal(ran.exitCode, 0, ran.stderr);
  assert.equal(ran.stdout, 'trustlet secure 32 object function\n');
}

/**
 * @param {object} given
 * @param {(title: string, job: () => unknown) => Promise<void>} given.check
 * @param {import('./project.mjs').Project} given.here with the package installed
 */
export async function linuxChecks({ check, here }) {
  const { folder, node } = here;
  const trustlet = (args, env) => run(join(folder, 'node_modules', '.bin', 'trustlet'), args, { cwd: folder, env });

  for (const compiler of compilers()) {
    const { stdout } = await run(process.execPath, [compiler, '--version']);
    for (const module of [
      { module: 'nodenext', moduleResolution: 'nodenext' },
      { module: 'esnext', moduleResolution: 'bundler' },
    ])
      await check(
        `a strict program compiles and runs: TypeScript ${stdout.replace(/\D*/, '').trim()}, ${module.moduleResolution}`,
        () => typesCompile(here, compiler, module),
      );
  }

  await check('TRUSTLET_BACKEND=emulated opens the emulated machine, and its guard refuses the trustlet', async () => {
    assert.deepEqual(jsonOf(await node('emulated.mjs', [], EMULATED)), SEEN);
  });
  await check('the program of the package runs', async () => {
    const env = { ...process.env, ...EMULATED };
    const { version } = createRequire(join(folder, 'x'))('trustlet/package.json');
    assert.equal((await trustlet(['--version'], env)).stdout, `${version}\n`);
    const listed = await trustlet(['list', '--trustlets', '--json'], env);
    assert.match(listed.stdout, /"LsaIso\.exe"/);
  });
  for (const backend of ['driver', 'ntdll'])
    await check(`the ${backend} backend says that it needs Windows, and what to do`, async () => {
      const { code, message } = jsonOf(await node('open.mjs', [backend]));
      assert.equal(code, 'ERR_TRUSTLET_UNSUPPORTED');
      assert.match(
        message,
        new RegExp(`the ${backend} backend needs Windows\\. .*open\\(\\{ backend: 'emulated' \\}\\)`),
      );
    });

  const poisoned = `${folder}-poisoned`;
  cpSync(folder, poisoned, { recursive: true });
  for (const name of ['koffi', 'node-gyp-build', 'pkijs', 'asn1js']) {
    const main = createRequire(join(poisoned, 'x')).resolve(name);
    writeFileSync(main, POISON(name));
  }
  // An addon is loaded by this function and by no other.
  writeFileSync(join(poisoned, 'no-addon.cjs'), `process.dlopen = () => { ${POISON('an addon')} };\n`);
  const within = (args) =>
    run(process.execPath, ['--require', './no-addon.cjs', ...args], {
      cwd: poisoned,
      env: { ...process.env, ...EMULATED },
    });

  await check(
    'a project that ends as soon as koffi, node-gyp-build, the PKI library or an addon is loaded does end',
    async () => {
      for (const code of [
        "require('koffi')",
        "require('node-gyp-build')",
        "import('koffi').catch(() => {})",
        "import('pkijs').catch(() => {})",
        "require('asn1js')",
        "process.dlopen({}, 'x')",
      ]) {
        const result = await within(['-e', code]);
        assert.equal(result.exitCode, 66, `${code}: ${result.stdout}${result.stderr}`);
      }
    },
  );
  for (const entry of ['trustlet', 'trustlet/emulator', 'trustlet/testing', 'trustlet/pe'])
    await check(`importing ${entry} loads none of them`, async () => {
      const result = await within(['--input-type=module', '-e', `await import('${entry}'); console.log('imported')`]);
      assert.equal(result.stdout, 'imported\n', result.stderr);
    });
  await check('nor does working with the emulated machine, or the program', async () => {
    assert.deepEqual(jsonOf(await within(['emulated.mjs'])), SEEN);
    const program = await within(['node_modules/trustlet/dist/lib/cli/main.js', 'status']);
    assert.equal(program.exitCode, 0, program.stderr);
  });
  await check('nor does reading a file that carries no signature', async () => {
    const code = "import { inspectFile } from 'trustlet/pe'; console.log(inspectFile(process.argv[1]).kind)";
    const addon = 'node_modules/trustlet/prebuilds/win32-x64/trustlet.node';
    const result = await within(['--input-type=module', '-e', code, addon]);
    assert.equal(result.stdout, 'neither\n', result.stderr);
  });
  await check('nor does asking for the driver where there is no Windows', async () => {
    assert.equal(jsonOf(await within(['open.mjs', 'driver'])).code, 'ERR_TRUSTLET_UNSUPPORTED');
  });
}
