// The calls on processes and threads: opens, duplicates, closes and questions, nothing that acts. Each on the calling
// thread, JavaScript's.
#include <cstddef>

#include "../device.h"
#include "ntdll.h"

namespace trustlet::calls
{

using namespace trustlet::win32;

namespace
{

// No name, no attributes: never inheritable.
constexpr ObjectAttributes PLAIN = {sizeof(ObjectAttributes), nullptr, nullptr, 0, nullptr, nullptr};

std::int64_t widen(HANDLE handle) noexcept
{
    return static_cast<std::int64_t>(reinterpret_cast<INT_PTR>(handle));
}

// False: in a 32-bit process what is left of the word would name another handle.
bool narrow(std::int64_t word, HANDLE *handle) noexcept
{
    const INT_PTR value = static_cast<INT_PTR>(word);
    *handle = reinterpret_cast<HANDLE>(value);
    return value == word;
}

constexpr std::uint32_t INVALID_HANDLE_STATUS = 0xC0000008;

} // namespace

const char *const kind = "win32";

bool available(const char **missing) noexcept
{
    *missing = ntdll().missing;
    return *missing == nullptr;
}

std::uint32_t current_process_id() noexcept
{
    return GetCurrentProcessId();
}

std::uint32_t open_process(std::uint32_t pid, std::uint32_t access, std::int64_t *handle) noexcept
{
    const ClientId client = {pid, 0};
    HANDLE opened = nullptr;
    const LONG status = ntdll().open_process(&opened, access, &PLAIN, &client);
    *handle = widen(opened);
    return static_cast<std::uint32_t>(status);
}

std::uint32_t open_thread(std::uint32_t tid, std::uint32_t access, std::int64_t *handle) noexcept
{
    const ClientId client = {0, tid};
    HANDLE opened = nullptr;
    const LONG status = ntdll().open_thread(&opened, access, &PLAIN, &client);
    *handle = widen(opened);
    return static_cast<std::uint32_t>(status);
}

std::uint32_t duplicate(std::int64_t source, std::uint32_t access, std::int64_t *handle) noexcept
{
    HANDLE from = nullptr;
    HANDLE made = nullptr;
    if (!narrow(source, &from))
        return INVALID_HANDLE_STATUS;
    const LONG status = ntdll().duplicate_object(GetCurrentProcess(), from, GetCurrentProcess(), &made, access, 0, 0);
    *handle = widen(made);
    return static_cast<std::uint32_t>(status);
}

std::uint32_t close(std::int64_t handle) noexcept
{
    HANDLE own = nullptr;
    if (!narrow(handle, &own))
        return INVALID_HANDLE_STATUS;
    return static_cast<std::uint32_t>(ntdll().close(own));
}

std::uint32_t query_system(std::uint32_t info_class, Bytes buffer, std::uint32_t *returned) noexcept
{
    ULONG length = 0;
    const LONG status = ntdll().query_system_information(info_class, buffer.data, buffer.length, &length);
    *returned = length;
    return static_cast<std::uint32_t>(status);
}

std::uint32_t win32_error(std::uint32_t status) noexcept
{
    return ntdll().dos_error(static_cast<LONG>(status));
}

} // namespace trustlet::calls
