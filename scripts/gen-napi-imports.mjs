// node scripts/gen-napi-imports.mjs OUT [LEVEL]: writes the C file through which a mingw build reaches Node-API.
//
// On Windows a call of Node-API goes through a pointer `__imp_<name>`. Defining those pointers here, and filling them from the host
// program when the module is loaded, needs no import of NODE.EXE, so that the module loads in an electron.exe just as well, and no
// delay-load thunk, which in binutils 2.40 loses floating-point arguments (facts/node-native.md 1).

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { exit } from 'node:process';

const { symbols } = createRequire(import.meta.url)('node-api-headers');
const [out, level = '8'] = process.argv.slice(2);
const known = symbols[`v${level}`];
if (out === undefined || known === undefined) {
  console.error(`usage: gen-napi-imports.mjs OUT [LEVEL]; levels: ${Object.keys(symbols).join(', ')}`);
  exit(2);
}
const names = [...new Set([...known.js_native_api_symbols, ...known.node_api_symbols])].sort();

writeFileSync(
  out,
  `/* Written by scripts/gen-napi-imports.mjs for Node-API ${level}. Do not edit. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define NAPI_SYMBOLS(X) \\
${names.map((name) => `    X(${name})`).join(' \\\n')}

#define DEFINE(name) void *__imp_##name;
NAPI_SYMBOLS(DEFINE)

static void missing(void)
{
    FatalAppExitA(0, "trustlet: this program lacks a Node-API function that the addon needs");
}

#define FILL(name) \\
    __imp_##name = (void *)GetProcAddress(host, #name); \\
    if (__imp_##name == NULL) \\
        __imp_##name = (void *)missing;

/* Before the constructors of C++. The functions are the program's own, or those of a libnode it is made of. */
__attribute__((constructor(101))) static void fill(void)
{
    HMODULE host = GetModuleHandleW(L"libnode.dll");
    if (host == NULL)
        host = GetModuleHandleW(L"node.dll");
    if (host == NULL || GetProcAddress(host, "napi_create_function") == NULL)
        host = GetModuleHandleW(NULL);
    NAPI_SYMBOLS(FILL)
}
`,
);
