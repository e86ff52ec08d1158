#include "security.h"

#include "acl.h"

#define LONGEST_SID 68u

/* A registry value with room for the longest SID, aligned for it. */
typedef union _CLIENT_SID
{
    KEY_VALUE_PARTIAL_INFORMATION Value;
    UINT8 Bytes[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + LONGEST_SID];
} CLIENT_SID;

/* \param Key to be closed by the caller with ZwClose; NULL on failure. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS OpenKey(_In_opt_ HANDLE Parent, _In_ PUNICODE_STRING Name, _Outptr_result_maybenull_ HANDLE *Key)
{
    OBJECT_ATTRIBUTES Attributes;

    *Key = NULL;
    InitializeObjectAttributes(&Attributes, Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, Parent, NULL);
    return ZwOpenKey(Key, KEY_QUERY_VALUE, &Attributes);
}

/* \brief Opens the service's Parameters key. \param Key as with OpenKey. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS OpenParameters(_In_ PUNICODE_STRING RegistryPath, _Outptr_result_maybenull_ HANDLE *Key)
{
    UNICODE_STRING Name;
    HANDLE Service;

    *Key = NULL;
    NTSTATUS Status = OpenKey(NULL, RegistryPath, &Service);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    RtlInitUnicodeString(&Name, TL_PARAMETERS_KEY);
    Status = OpenKey(Service, &Name, Key);
    (VOID) ZwClose(Service);
    return Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS QueryClientSid(_In_ PUNICODE_STRING RegistryPath, _Out_ CLIENT_SID *Sid)
{
    UNICODE_STRING Name;
    HANDLE Key;
    ULONG Length = 0;

    RtlZeroMemory(Sid, sizeof(*Sid));
    NTSTATUS Status = OpenParameters(RegistryPath, &Key);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    RtlInitUnicodeString(&Name, TL_CLIENT_SID_VALUE);
    Status = ZwQueryValueKey(Key, &Name, KeyValuePartialInformation, Sid, sizeof(*Sid), &Length);
    (VOID) ZwClose(Key);
    if (Status == STATUS_BUFFER_OVERFLOW)
    {
        return STATUS_INVALID_SID;
    }
    return Status;
}

/*
 * \brief Reads the one account that may open the device beside SYSTEM and Administrators.
 * \param Client NULL, with success, where the registry names none.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS ReadClientSid(_In_ PUNICODE_STRING RegistryPath, _Out_ CLIENT_SID *Sid,
                              _Outptr_result_maybenull_ PSID *Client)
{
    *Client = NULL;
    const NTSTATUS Status = QueryClientSid(RegistryPath, Sid);
    if (Status == STATUS_OBJECT_NAME_NOT_FOUND)
    {
        return STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    /* A value somebody meant to set and got wrong is better refused aloud than passed over. */
    if (Sid->Value.Type != REG_BINARY || !TlIsServiceSid(Sid->Value.Data, Sid->Value.DataLength))
    {
        return STATUS_INVALID_SID;
    }
    *Client = Sid->Value.Data;
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS SetDacl(_In_ PDEVICE_OBJECT DeviceObject, _In_ PSECURITY_DESCRIPTOR Descriptor)
{
    HANDLE Handle = NULL;

    NTSTATUS Status =
        ObOpenObjectByPointer(DeviceObject, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &Handle);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    Status = ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, Descriptor);
    (VOID) ZwClose(Handle);
    return Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlSecureDevice(_In_ PDEVICE_OBJECT DeviceObject, _In_ PUNICODE_STRING RegistryPath)
{
    ULONG Dacl[TL_DEVICE_DACL_SIZE / sizeof(ULONG)];
    SECURITY_DESCRIPTOR Descriptor;
    CLIENT_SID Sid;
    PSID Client;

    PAGED_CODE();
    NTSTATUS Status = ReadClientSid(RegistryPath, &Sid, &Client);
    if (NT_SUCCESS(Status))
    {
        Status = TlBuildDeviceDacl((PACL)(PVOID)Dacl, sizeof(Dacl), Client);
    }
    if (NT_SUCCESS(Status))
    {
        Status = RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    }
    if (NT_SUCCESS(Status))
    {
        Status = RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, (PACL)(PVOID)Dacl, FALSE);
    }
    return NT_SUCCESS(Status) ? SetDacl(DeviceObject, &Descriptor) : Status;
}
