# What `npx node-gyp rebuild --directory native` builds in the package's folder, on Windows; elsewhere there is nothing to build. It puts
# the file into build/Release of the package, where the loader looks first.
# It lies here and not in the root because npm runs `node-gyp rebuild` of its own accord for a package with a binding.gyp in its root:
# with a lock file even where package.json has `"gypfile": false` (npm 11.19, https://github.com/npm/cli/issues/9837).
# Headers are Node.js's own, so no package is needed for it. The branch for MSVC was not run here; the one for mingw was
# (mingw=1: a cross build, scripts/build-addon.mjs --gyp, with files that the npm package does not have). NAPI_VERSION is written out:
# node-gyp's variable is that of the node that runs (facts/node-native.md 2).
{
    "variables": {"mingw%": 0},
    "targets": [
        {
            "target_name": "trustlet",
            "product_dir": "<(module_root_dir)/../build/Release",
            "conditions": [
                [
                    "OS=='win' or mingw==1",
                    {
                        "sources": [
                            "addon.cc",
                            "device_object.cc",
                            "environment.cc",
                            "inbox.cc",
                            "request.cc",
                            "values.cc",
                            "win32/device_win32.cc",
                            "win32/exports_win32.cc",
                            "win32/ntdll.cc",
                            "win32/port.cc",
                            "win32/process_win32.cc",
                        ],
                        "defines": ["NAPI_VERSION=8", "BUILDING_NODE_EXTENSION"],
                    },
                    {"type": "none"},
                ],
                [
                    "OS=='win'",
                    {
                        "defines": ["_HAS_EXCEPTIONS=1"],
                        "msvs_settings": {
                            "VCCLCompilerTool": {
                                "ExceptionHandling": 1,
                                "WarningLevel": 4,
                                "AdditionalOptions": ["/std:c++17", "/guard:cf", "/utf-8"],
                            },
                            "VCLinkerTool": {"AdditionalOptions": ["/guard:cf", "/Brepro"]},
                        },
                    },
                ],
                [
                    "OS!='win' and mingw==1",
                    {
                        "sources": ["win32/runtime_limits.c"],
                        "include_dirs": ["<!(node -p \"require('node-api-headers').include_dir\")"],
                        "cflags!": ["-fPIC", "-pthread"],
                        "cflags_cc!": ["-fno-exceptions", "-fno-rtti"],
                        "cflags_cc": ["-std=c++17", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"],
                        "ldflags!": ["-pthread", "-rdynamic"],
                        "ldflags": [
                            "-static",
                            "-static-libgcc",
                            "-static-libstdc++",
                            "-s",
                            "-Wl,--disable-auto-import",
                            "-Wl,--no-insert-timestamp",
                            "-Wl,--nxcompat",
                            "-Wl,--dynamicbase",
                            "-Wl,--high-entropy-va",
                        ],
                        "actions": [
                            {
                                "action_name": "napi_imports",
                                "inputs": ["../scripts/gen-napi-imports.mjs"],
                                "outputs": ["<(INTERMEDIATE_DIR)/napi_imports.c"],
                                "action": ["node", "../scripts/gen-napi-imports.mjs", "<@(_outputs)", "8"],
                                "process_outputs_as_sources": 1,
                            }
                        ],
                    },
                ],
            ],
        }
    ],
}
