// Devices and requests as JavaScript has them.
#ifndef TRUSTLET_NATIVE_DEVICE_OBJECT_H
#define TRUSTLET_NATIVE_DEVICE_OBJECT_H

#include <node_api.h>

namespace trustlet
{

// Makes the two classes for an environment, on JavaScript's thread; false after a throw.
bool define_device_classes(napi_env env);

// openDevice(path): the device, or the Win32 error. JavaScript's thread; throws std::bad_alloc.
napi_value open_device(napi_env env, napi_callback_info info);

} // namespace trustlet

#endif
