// What one of the two builds exports beside lib/native/binding.ts's NativeBinding.
#ifndef TRUSTLET_NATIVE_EXPORTS_H
#define TRUSTLET_NATIVE_EXPORTS_H

#include <node_api.h>

namespace trustlet
{

// JavaScript's thread. False after a throw.
bool export_more(napi_env env, napi_value exports);

} // namespace trustlet

#endif
