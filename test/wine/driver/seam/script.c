#include "script.h"

#define PARAMETERS L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters"

/* \return bytes read, 0 if there is no such value or it has another length. */
static BOOLEAN ReadValue(_In_ PCWSTR Key, _In_ PCWSTR Name, _Out_writes_bytes_(Length) PVOID Data, _In_ ULONG Length)
{
    struct
    {
        KEY_VALUE_PARTIAL_INFORMATION Header;
        UINT8 Room[64];
    } Value;
    UNICODE_STRING Text;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    ULONG Returned = 0;

    RtlInitUnicodeString(&Text, Key);
    InitializeObjectAttributes(&Attributes, &Text, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&Handle, KEY_READ, &Attributes)))
    {
        return FALSE;
    }
    RtlInitUnicodeString(&Text, Name);
    const NTSTATUS Status =
        ZwQueryValueKey(Handle, &Text, KeyValuePartialInformation, &Value, sizeof(Value), &Returned);
    (VOID) ZwClose(Handle);
    if (!NT_SUCCESS(Status) || Value.Header.DataLength != Length)
    {
        return FALSE;
    }
    RtlCopyMemory(Data, Value.Header.Data, Length);
    return TRUE;
}

BOOLEAN ReadScript(_In_ ULONG_PTR Pid, _Out_ SCRIPTED *Scripted)
{
    WCHAR Name[24];
    ULONG Start = ARRAYSIZE(Name) - 1;

    Name[Start] = 0;
    do
    {
        Name[--Start] = (WCHAR)(L'0' + Pid % 10);
        Pid /= 10;
    } while (Pid != 0 && Start > 0);
    return ReadValue(PARAMETERS L"\\Processes", &Name[Start], Scripted, sizeof(*Scripted));
}

BOOLEAN ReadParameter(_In_ PCWSTR Name, _Out_ UINT32 *Value)
{
    return ReadValue(PARAMETERS, Name, Value, sizeof(*Value));
}

VOID WriteBytes(_In_ PCWSTR Name, _In_reads_bytes_(Length) PVOID Data, _In_ ULONG Length)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Handle;

    RtlInitUnicodeString(&Text, PARAMETERS);
    InitializeObjectAttributes(&Attributes, &Text, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NT_SUCCESS(ZwCreateKey(&Handle, KEY_WRITE, &Attributes, 0, NULL, 0, NULL)))
    {
        RtlInitUnicodeString(&Text, Name);
        (VOID) ZwSetValueKey(Handle, &Text, 0, REG_BINARY, Data, Length);
        (VOID) ZwClose(Handle);
    }
}
