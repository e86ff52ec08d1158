#include "system.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlReadIsolatedUserMode(_Inout_ TL_SYSTEM *System)
{
    TL_ISOLATED_USER_MODE_INFORMATION Information;
    ULONG Returned = 0;

    PAGED_CODE();
    /* All ones: an answer that was never written must not read as "no secure kernel". */
    RtlFillMemory(&Information, sizeof(Information), 0xFF);
    NTSTATUS Status =
        ZwQuerySystemInformation(TlSystemIsolatedUserModeInformation, &Information, sizeof(Information), &Returned);
    if (Status == STATUS_SUCCESS && Returned < sizeof(Information.Flags))
    {
        Status = STATUS_INFO_LENGTH_MISMATCH;
    }
    System->IsolatedUserModeStatus = Status;
    System->IsolatedUserModeFlags = Status == STATUS_SUCCESS ? Information.Flags : 0xFFFFFFFFu;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlReadSystem(_Out_ TL_SYSTEM *System)
{
    RTL_OSVERSIONINFOW Version;
    UNICODE_STRING Name;

    PAGED_CODE();
    RtlZeroMemory(System, sizeof(*System));
    RtlZeroMemory(&Version, sizeof(Version));
    Version.dwOSVersionInfoSize = sizeof(Version);
    NTSTATUS Status = RtlGetVersion(&Version);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    System->Major = Version.dwMajorVersion;
    System->Minor = Version.dwMinorVersion;
    System->Build = Version.dwBuildNumber;
    /* From build 15063 on, and absent in Wine (facts/nt.md 7). */
    RtlInitUnicodeString(&Name, L"PsGetProcessStartKey");
    System->GetProcessStartKey = (TL_PS_GET_PROCESS_START_KEY *)(ULONG_PTR)MmGetSystemRoutineAddress(&Name);
    System->IsolatedUserModeStatus = STATUS_UNSUCCESSFUL;
    System->IsolatedUserModeFlags = 0xFFFFFFFFu;
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlReadForVerdicts(_Inout_ TL_SYSTEM *System)
{
    PAGED_CODE();
    if (System->Build < TL_FIRST_BUILD_WITH_BIT)
    {
        TlReadIsolatedUserMode(System);
    }
}
