/* Rtl: strings and the version. Security structures are in se.c. */
#include "internal.h"

VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_RtlInitUnicodeString, CALLER, &status);
    size_t units = 0;
    if (SourceString != NULL)
        while (SourceString[units] != 0)
            units++;
    if (units > 0x7FFE)
        units = 0x7FFE; /* what a UNICODE_STRING can say, its NUL included */
    DestinationString->Length = (USHORT)(units * sizeof(WCHAR));
    DestinationString->MaximumLength = SourceString == NULL ? 0 : (USHORT)((units + 1) * sizeof(WCHAR));
    DestinationString->Buffer = (PWSTR)(uintptr_t)SourceString;
}

bool kernel_narrow(PCUNICODE_STRING name, char *text, size_t room)
{
    const size_t units = name->Length / sizeof(WCHAR);
    if (units >= room || name->Length % sizeof(WCHAR) != 0)
        return false;
    for (size_t i = 0; i < units; i++)
    {
        if (name->Buffer[i] == 0 || name->Buffer[i] > 0x7E)
            return false;
        text[i] = (char)name->Buffer[i];
    }
    text[units] = 0;
    return true;
}

NTSTATUS RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_RtlGetVersion, CALLER, &status))
        return status;
    kernel_lock();
    status = door_get_version(VersionInformation);
    kernel_unlock();
    return status;
}
