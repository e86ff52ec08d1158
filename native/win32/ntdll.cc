#include <cstddef>

#include "ntdll.h"

namespace trustlet::win32
{

namespace
{

template <class Function> Function find(HMODULE module, const char *name, const char **missing) noexcept
{
    const FARPROC found = module == nullptr ? nullptr : GetProcAddress(module, name);
    if (found == nullptr && *missing == nullptr)
        *missing = name;
    // Through void (*)(): the one cast between function types that compilers take for meant.
    return reinterpret_cast<Function>(reinterpret_cast<void (*)()>(found));
}

Ntdll look_up() noexcept
{
    const HMODULE module = GetModuleHandleW(L"ntdll.dll");
    const char *missing = nullptr;
    Ntdll found = {};
    found.open_process = find<Ntdll::Open>(module, "NtOpenProcess", &missing);
    found.open_thread = find<Ntdll::Open>(module, "NtOpenThread", &missing);
    found.duplicate_object = find<Ntdll::Duplicate>(module, "NtDuplicateObject", &missing);
    found.close = find<Ntdll::Close>(module, "NtClose", &missing);
    found.query_system_information = find<Ntdll::QuerySystem>(module, "NtQuerySystemInformation", &missing);
    found.dos_error = find<Ntdll::DosError>(module, "RtlNtStatusToDosError", &missing);
    found.device_io_control_file = find<Ntdll::DeviceIoControl>(module, "NtDeviceIoControlFile", &missing);
    found.missing = missing;
    return found;
}

} // namespace

const Ntdll &ntdll() noexcept
{
    static const Ntdll found = look_up();
    return found;
}

} // namespace trustlet::win32
