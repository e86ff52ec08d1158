// `binding.host`: the simulated machine as tests have it (HostMachineControl of lib/native/binding.ts). All of it:
// JavaScript's thread.
#include "../exports.h"
#include "../values.h"
#include "machine_host.h"

namespace trustlet
{

namespace
{

// What the simulated kernel says becomes an Error.
napi_value answer(napi_env env, const char *complaint)
{
    if (complaint == nullptr)
        return undefined(env);
    const std::string message = std::string("the simulated kernel refuses: ") + complaint;
    (void)napi_throw_error(env, nullptr, message.c_str());
    return nullptr;
}

napi_value boot(napi_env env, napi_callback_info info)
{
    const Arguments<1> arguments(env, info);
    Bytes table = {nullptr, 0};
    if (!read_bytes(env, arguments[0], "table", &table))
        return nullptr;
    return answer(env, host::boot(table));
}

napi_value shutdown(napi_env env, napi_callback_info)
{
    const std::string complaints = host::shutdown();
    napi_value text = nullptr;
    (void)napi_create_string_utf8(env, complaints.c_str(), complaints.size(), &text);
    return text;
}

napi_value exit_process(napi_env env, napi_callback_info info)
{
    const Arguments<1> arguments(env, info);
    std::uint32_t pid = 0;
    if (!read_u32(env, arguments[0], "pid", &pid))
        return nullptr;
    return answer(env, host::exit_process(pid));
}

napi_value reuse_pid(napi_env env, napi_callback_info info)
{
    const Arguments<2> arguments(env, info);
    std::uint32_t pid = 0;
    Bytes table = {nullptr, 0};
    if (!read_u32(env, arguments[0], "pid", &pid) || !read_bytes(env, arguments[1], "table", &table))
        return nullptr;
    return answer(env, host::reuse_pid(pid, table));
}

napi_value fail(napi_env env, napi_callback_info info)
{
    const Arguments<5> arguments(env, info);
    std::string call;
    std::int32_t info_class = -1;
    std::uint32_t pid = 0;
    std::uint32_t nth = 0;
    std::uint32_t status = 0;
    if (!read_ascii(env, arguments[0], "call", &call) || !read_i32(env, arguments[1], "infoClass", &info_class) ||
        !read_u32(env, arguments[2], "pid", &pid) || !read_u32(env, arguments[3], "nth", &nth) ||
        !read_u32(env, arguments[4], "status", &status))
        return nullptr;
    return answer(env, host::fail(call, info_class, pid, nth, status));
}

napi_value open_handles(napi_env env, napi_callback_info)
{
    return from_u32(env, host::open_handles());
}

napi_value open_devices(napi_env env, napi_callback_info)
{
    return from_u32(env, host::open_devices());
}

napi_value requests_in_flight(napi_env env, napi_callback_info)
{
    return from_u32(env, host::requests_in_flight());
}

} // namespace

bool export_more(napi_env env, napi_value exports)
{
    const struct
    {
        const char *name;
        napi_callback callback;
    } functions[] = {
        {"boot", guarded<boot>},
        {"shutdown", guarded<shutdown>},
        {"exit", guarded<exit_process>},
        {"reuse", guarded<reuse_pid>},
        {"fail", guarded<fail>},
        {"openHandles", guarded<open_handles>},
        {"openDevices", guarded<open_devices>},
        {"requestsInFlight", guarded<requests_in_flight>},
    };
    napi_value machine = nullptr;
    if (napi_create_object(env, &machine) != napi_ok)
        return false;
    for (const auto &each : functions)
    {
        napi_value function = nullptr;
        if (napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.callback, nullptr, &function) != napi_ok ||
            napi_set_named_property(env, machine, each.name, function) != napi_ok)
            return false;
    }
    return napi_set_named_property(env, exports, "host", machine) == napi_ok;
}

} // namespace trustlet
