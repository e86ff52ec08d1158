// The entry points of ntdll.dll that the addon calls, found at run time: a NTSTATUS is what the driver said, where a
// Win32 error is what is left of it, and no SDK declares all of them. Layouts: facts/nt.md 6.1 and winternl.h.
#ifndef TRUSTLET_NATIVE_WIN32_NTDLL_H
#define TRUSTLET_NATIVE_WIN32_NTDLL_H

#include <windows.h>

namespace trustlet::win32
{

struct ObjectAttributes
{
    ULONG length;
    HANDLE root_directory;
    void *object_name;
    ULONG attributes;
    void *security_descriptor;
    void *security_quality_of_service;
};
static_assert(sizeof(ObjectAttributes) == 6 * sizeof(void *), "OBJECT_ATTRIBUTES");

struct ClientId
{
    ULONG_PTR process;
    ULONG_PTR thread;
};

// IO_STATUS_BLOCK, which is also how an OVERLAPPED begins: Internal is the status, InternalHigh the length.
struct IoStatusBlock
{
    union
    {
        LONG status;
        void *pointer;
    };
    ULONG_PTR information;
};
static_assert(sizeof(IoStatusBlock) == 2 * sizeof(void *), "IO_STATUS_BLOCK");
static_assert(offsetof(OVERLAPPED, Internal) == 0 && offsetof(OVERLAPPED, InternalHigh) == sizeof(void *),
              "OVERLAPPED begins with an IO_STATUS_BLOCK");

struct Ntdll
{
    using Open = LONG(NTAPI *)(HANDLE *, ACCESS_MASK, const ObjectAttributes *, const ClientId *);
    using Duplicate = LONG(NTAPI *)(HANDLE, HANDLE, HANDLE, HANDLE *, ACCESS_MASK, ULONG, ULONG);
    using Close = LONG(NTAPI *)(HANDLE);
    using QuerySystem = LONG(NTAPI *)(ULONG, void *, ULONG, ULONG *);
    using DosError = ULONG(NTAPI *)(LONG);
    using DeviceIoControl = LONG(NTAPI *)(HANDLE, HANDLE, void *, void *, IoStatusBlock *, ULONG, const void *, ULONG,
                                          void *, ULONG);

    Open open_process;
    Open open_thread;
    Duplicate duplicate_object;
    Close close;
    QuerySystem query_system_information;
    DosError dos_error;
    DeviceIoControl device_io_control_file;
    const char *missing; // the first that was not found; NULL: all are there
};

// Any thread; looked up once. ntdll.dll is in every process and never leaves it.
const Ntdll &ntdll() noexcept;

} // namespace trustlet::win32

#endif
