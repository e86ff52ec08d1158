/**
 * Loads the addon. node-gyp-build finds the file (a build of one's own, then the prebuilt one); this adds an error that says what
 * was tried and why each file failed, and refuses a file of another binding. Nothing is loaded before it is asked for.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TrustletError } from '../errors.js';
import { requirePackage } from '../lazy-module.js';
import { BINDING_ABI, type HostBinding, type NativeBinding } from './binding.js';

/** Where the addon is looked for, and through what. Tests pass their own; the default is this process. */
export interface BindingSource {
  /** The package's folder: that of package.json, prebuilds/ and build/. */
  readonly root: string;
  readonly platform: string;
  readonly arch: string;
  /** The program that runs: prebuilds/ beside it is looked into last. */
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file to load for a package's folder. @throws Error where there is none */
  resolve(root: string): string;
  /** @throws Error when the file is no module that this program can load */
  load(path: string): unknown;
}

interface NodeGypBuild {
  resolve(root: string): string;
}

const thisProcess = (): BindingSource => ({
  root: fileURLToPath(new URL('../../..', import.meta.url)),
  platform: process.platform,
  arch: process.arch,
  execPath: process.execPath,
  env: process.env,
  resolve: (root) => requirePackage<NodeGypBuild>('node-gyp-build', import.meta.url).resolve(root),
  load: (path) => requirePackage(path, import.meta.url),
});

/** A file or folder that was tried, and why it did not do. */
interface Attempt {
  readonly path: string;
  readonly cause: unknown;
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/\r?\n[\s\S]*/, '');

const failed = (attempts: readonly Attempt[], advice: string): TrustletError => {
  const tried = attempts.map(({ path, cause }) => `  ${path}: ${firstLine(cause)}`).join('\n');
  const [only] = attempts;
  return new TrustletError(
    'ERR_TRUSTLET_BACKEND',
    `trustlet's addon could not be loaded. Tried:\n${tried}\n${advice}`,
    {
      cause: attempts.length === 1 ? only?.cause : new AggregateError(attempts.map(({ cause }) => cause)),
    },
  );
};

const isBinding = (loaded: unknown): loaded is NativeBinding =>
  typeof loaded === 'object' && loaded !== null && 'abi' in loaded && 'kind' in loaded;

/** @throws Error when the module is not the binding that this package is written for */
const checked = (loaded: unknown, kind: NativeBinding['kind']): NativeBinding => {
  if (!isBinding(loaded)) throw new Error("it is no addon of trustlet's");
  if (loaded.abi !== BINDING_ABI) {
    throw new Error(`it has binding ABI ${loaded.abi}, and this package needs ${BINDING_ABI}`);
  }
  if (loaded.kind !== kind) throw new Error(`it is a build for '${loaded.kind}', and '${kind}' is needed`);
  return loaded;
};

/** The folders node-gyp-build looks into, in its order. */
const places = ({ root, env, platform, arch, execPath }: BindingSource): string[] => {
  const base = env['TRUSTLET_PREBUILD'] ?? root;
  const tuple = `${platform}-${arch}`;
  const builds = env['PREBUILDS_ONLY'] ? [] : [join(base, 'build', 'Release'), join(base, 'build', 'Debug')];
  return [...builds, join(base, 'prebuilds', tuple), join(dirname(execPath), 'prebuilds', tuple)];
};

/** What makes one where none is prebuilt, in the package's folder; it ends up in build/Release. */
const BUILD = '`npx node-gyp rebuild --directory native` in its folder (Visual Studio with C++)';

const adviceFor = ({ arch }: BindingSource): string => {
  if (arch === 'x64') return `Reinstall the package, or build the addon with ${BUILD}.`;
  const build = `build it with ${BUILD.replace('its', "the package's")}, or run a 64-bit x64 node.exe`;
  return arch === 'ia32'
    ? `A 32-bit node.exe can use the driver backend only, and no addon is prebuilt for it: ${build}.`
    : `No addon is prebuilt for ${arch}: ${build}.`;
};

/**
 * The addon of this package, for Windows.
 * @param source where to look; tests only
 * @returns the same binding at every call in one process
 * @throws TrustletError ERR_TRUSTLET_BACKEND off Windows, and where no file can be loaded: its message has each path that was tried
 * with its cause, and what to do
 */
export const loadBinding = (source: BindingSource = thisProcess()): NativeBinding => {
  if (source.platform !== 'win32') {
    throw new TrustletError(
      'ERR_TRUSTLET_BACKEND',
      `The driver backend needs Windows; this is ${source.platform}. Choose the emulated one here.`,
    );
  }
  const attempts: Attempt[] = [];
  const attempt = (path: string): NativeBinding | undefined => {
    try {
      return checked(source.load(path), 'win32');
    } catch (cause) {
      attempts.push({ path, cause });
      return undefined;
    }
  };
  let found: string | undefined;
  try {
    found = source.resolve(source.root);
  } catch {
    for (const path of places(source)) attempts.push({ path, cause: new Error('no addon there') });
  }
  if (found !== undefined) {
    // What somebody built once and left behind must not hide the prebuilt file, which node-gyp-build looks for only without it.
    const prebuilt = join(source.root, 'prebuilds', `${source.platform}-${source.arch}`, 'trustlet.node');
    const binding = attempt(found) ?? (prebuilt === found ? undefined : attempt(prebuilt));
    if (binding !== undefined) return binding;
  }
  throw failed(attempts, adviceFor(source));
};

/**
 * The host build, for tests on Linux: the driver over a simulated kernel in this process. Never shipped.
 * @param path of trustlet_host.node
 * @throws TrustletError ERR_TRUSTLET_BACKEND when it cannot be loaded or is another kind of build
 */
export const loadHostBinding = (path: string): HostBinding => {
  try {
    return checked(thisProcess().load(path), 'host') as HostBinding;
  } catch (cause) {
    throw failed([{ path, cause }], 'Build it with `node scripts/build-addon.mjs`.');
  }
};
