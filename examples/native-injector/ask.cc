// One function for JavaScript: whose process does this handle name? It asks, and asking changes nothing.
// An agent's own module acts here instead, on this handle and on nothing else.
#include <node_api.h>
#include <windows.h>

#include <cstdint>

namespace {

// @param handle bigint: held.handle
// @returns the pid, 0 for a value that is no process handle of this process
napi_value ProcessIdOf(napi_env env, napi_callback_info info) {
  napi_value argument = nullptr;
  size_t count = 1;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok) return nullptr;

  uint64_t value = 0;
  bool fits = false;
  if (napi_get_value_bigint_uint64(env, argument, &value, &fits) != napi_ok) {
    napi_throw_type_error(env, nullptr, "processIdOf takes a handle as a bigint");
    return nullptr;
  }
  // Cutting a value down to 64 bits could make it somebody's handle.
  DWORD pid = fits ? GetProcessId(reinterpret_cast<HANDLE>(static_cast<uintptr_t>(value))) : 0;

  napi_value result = nullptr;
  return napi_create_uint32(env, pid, &result) == napi_ok ? result : nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function = nullptr;
  bool made = napi_create_function(env, "processIdOf", NAPI_AUTO_LENGTH, ProcessIdOf, nullptr, &function) == napi_ok &&
              napi_set_named_property(env, exports, "processIdOf", function) == napi_ok;
  return made ? exports : nullptr;
}
