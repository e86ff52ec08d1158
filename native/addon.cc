// What JavaScript gets: the functions of lib/native/binding.ts. They check their arguments and pass them on; none acts on
// a process. All of them on JavaScript's thread, each environment with objects of its own.
#include <node_api.h>

#include <memory>
#include <string>

#include "device.h"
#include "device_object.h"
#include "environment.h"
#include "exports.h"
#include "values.h"

namespace trustlet
{

namespace
{

constexpr std::uint32_t BINDING_ABI = 1; // lib/native/binding.ts has the same

napi_value current_process_id(napi_env env, napi_callback_info) noexcept
{
    return from_u32(env, calls::current_process_id());
}

using Open = std::uint32_t(std::uint32_t, std::uint32_t, std::int64_t *) noexcept;

// The cell is read before and written after a call that runs no JavaScript.
template <Open *Call> napi_value open_by_id(napi_env env, napi_callback_info info)
{
    const Arguments<3> arguments(env, info);
    std::uint32_t id = 0;
    std::uint32_t access = 0;
    Cell64 cell = {nullptr};
    if (!read_u32(env, arguments[0], "id", &id) || !read_u32(env, arguments[1], "access", &access) ||
        !read_cell(env, arguments[2], "handle", &cell))
        return nullptr;
    std::int64_t handle = 0;
    const std::uint32_t status = Call(id, access, &handle);
    cell.put(static_cast<std::uint64_t>(succeeded(status) ? handle : 0));
    return from_u32(env, status);
}

napi_value duplicate_handle(napi_env env, napi_callback_info info)
{
    const Arguments<3> arguments(env, info);
    std::int64_t source = 0;
    std::uint32_t access = 0;
    Cell64 cell = {nullptr};
    if (!read_word(env, arguments[0], "source", &source) || !read_u32(env, arguments[1], "access", &access) ||
        !read_cell(env, arguments[2], "handle", &cell))
        return nullptr;
    std::int64_t handle = 0;
    const std::uint32_t status = calls::duplicate(source, access, &handle);
    cell.put(static_cast<std::uint64_t>(succeeded(status) ? handle : 0));
    return from_u32(env, status);
}

napi_value close_handle(napi_env env, napi_callback_info info)
{
    const Arguments<1> arguments(env, info);
    std::int64_t handle = 0;
    if (!read_word(env, arguments[0], "handle", &handle))
        return nullptr;
    return from_u32(env, calls::close(handle));
}

napi_value query_system_information(napi_env env, napi_callback_info info)
{
    const Arguments<3> arguments(env, info);
    std::uint32_t info_class = 0;
    Bytes buffer = {nullptr, 0};
    Cell32 cell = {nullptr};
    if (!read_u32(env, arguments[0], "infoClass", &info_class) || !read_bytes(env, arguments[1], "buffer", &buffer) ||
        !read_cell(env, arguments[2], "returned", &cell))
        return nullptr;
    std::uint32_t returned = 0;
    const std::uint32_t status = calls::query_system(info_class, buffer, &returned);
    cell.put(returned);
    return from_u32(env, status);
}

napi_value win32_error(napi_env env, napi_callback_info info)
{
    const Arguments<1> arguments(env, info);
    std::uint32_t status = 0;
    if (!read_u32(env, arguments[0], "status", &status))
        return nullptr;
    return from_u32(env, calls::win32_error(status));
}

constexpr napi_property_descriptor function(const char *name, napi_callback callback)
{
    return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

bool export_all(napi_env env, napi_value exports)
{
    napi_value kind = nullptr;
    if (napi_create_string_utf8(env, calls::kind, NAPI_AUTO_LENGTH, &kind) != napi_ok)
        return false;
    const napi_property_descriptor properties[] = {
        {"abi", nullptr, nullptr, nullptr, nullptr, from_u32(env, BINDING_ABI), napi_enumerable, nullptr},
        {"kind", nullptr, nullptr, nullptr, nullptr, kind, napi_enumerable, nullptr},
        function("openDevice", guarded<open_device>),
        function("currentProcessId", current_process_id),
        function("openProcess", guarded<open_by_id<calls::open_process>>),
        function("openThread", guarded<open_by_id<calls::open_thread>>),
        function("duplicateHandle", guarded<duplicate_handle>),
        function("closeHandle", guarded<close_handle>),
        function("querySystemInformation", guarded<query_system_information>),
        function("win32Error", guarded<win32_error>),
    };
    return napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties) == napi_ok;
}

// Once for each environment that loads the module. The environment's own half goes with the environment.
napi_value initialize(napi_env env, napi_value exports)
{
    using Shared = std::shared_ptr<Environment>;
    const char *missing = nullptr;
    if (!calls::available(&missing))
    {
        const std::string message = std::string("this system has no ") + missing;
        (void)napi_throw_error(env, nullptr, message.c_str());
        return nullptr;
    }
    auto environment = std::make_unique<Shared>(std::make_shared<Environment>(env));
    const auto let_go = [](napi_env, void *last, void *)
    { const std::unique_ptr<Shared> end(static_cast<Shared *>(last)); };
    if (napi_set_instance_data(env, environment.get(), let_go, nullptr) != napi_ok)
        throw std::bad_alloc();
    (void)environment.release();
    return define_device_classes(env) && export_all(env, exports) && export_more(env, exports) ? exports : nullptr;
}

} // namespace

} // namespace trustlet

NAPI_MODULE_INIT()
{
    try
    {
        return trustlet::initialize(env, exports);
    }
    catch (const std::bad_alloc &)
    {
        (void)napi_throw_error(env, nullptr, "trustlet's addon: out of memory");
        return nullptr;
    }
}
