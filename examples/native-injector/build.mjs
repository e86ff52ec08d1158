// node build.mjs: builds build/Release/ask.node for Windows x64 with mingw-w64, on any system that has it.
// On Windows itself `npx node-gyp rebuild` does the same with MSVC, by binding.gyp (not run here).
//
// A file built by mingw must not import its Node-API functions from NODE.EXE, or it does not load in Electron: they are looked
// up in the running program (facts/node-native.md 1 has what was tried, and what each flag is for).

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
mkdirSync(here('build/Release'), { recursive: true });

const used = readFileSync(here('ask.cc'), 'utf8').match(/\bnapi_\w+(?=\()/g);
const names = [...new Set(used)].sort();
const imports = here('build/napi_imports.cc');
writeFileSync(
  imports,
  `// Written by build.mjs.
#include <windows.h>
extern "C" {
${names.map((name) => `void *__imp_${name};`).join('\n')}
}
static void *Find(const char *name) {
  const wchar_t *const files[] = {L"libnode.dll", L"node.dll", nullptr};  // nullptr: the program itself
  for (const wchar_t *file : files) {
    HMODULE module = GetModuleHandleW(file);
    FARPROC found = module == nullptr ? nullptr : GetProcAddress(module, name);
    if (found != nullptr) return reinterpret_cast<void *>(found);
  }
  FatalAppExitA(0, "this program lacks a Node-API function that ask.node needs");
  return nullptr;
}
__attribute__((constructor(101))) static void FindAll() {
${names.map((name) => `  __imp_${name} = Find("${name}");`).join('\n')}
}
`,
);

const compiler = 'x86_64-w64-mingw32-g++';
const args = [
  ...['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-fno-exceptions', '-fno-rtti', '-fvisibility=hidden'],
  ...['-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION', '-isystem', headers],
  ...['-shared', '-static', '-s', '-Wl,--disable-auto-import', '-Wl,--no-insert-timestamp'],
  ...[here('ask.cc'), imports, '-o', here('build/Release/ask.node')],
];
const { status, error } = spawnSync(compiler, args, { stdio: 'inherit' });
if (error !== undefined) console.error(`${compiler}: ${error.message} (Debian: g++-mingw-w64-x86-64-posix)`);
process.exitCode = status ?? 1;
