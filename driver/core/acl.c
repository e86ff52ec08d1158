#include "acl.h"

/* The service base, and the five words of a hash of the name. */
#define SERVICE_SUB_AUTHORITIES 6u
/* Revision, count, authority; then 4 bytes for each sub-authority. */
#define SID_FIXED_LENGTH 8u

/* Sub-authorities are written as ULONG. */
typedef union _BUILT_IN_SID
{
    ULONG Alignment;
    UINT8 Bytes[SID_FIXED_LENGTH + 2 * sizeof(ULONG)];
} BUILT_IN_SID;

/* \brief S-1-5-First, or S-1-5-First-Second if Second is not 0. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS BuildNtSid(_Out_ BUILT_IN_SID *Sid, _In_ ULONG First, _In_ ULONG Second)
{
    SID_IDENTIFIER_AUTHORITY Authority = SECURITY_NT_AUTHORITY;

    const NTSTATUS Status = RtlInitializeSid(Sid, &Authority, Second != 0 ? 2 : 1);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    *RtlSubAuthoritySid(Sid, 0) = First;
    if (Second != 0)
    {
        *RtlSubAuthoritySid(Sid, 1) = Second;
    }
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS AllowBuiltIn(_Inout_ PACL Dacl, _In_ ACCESS_MASK Access, _In_ ULONG First, _In_ ULONG Second)
{
    BUILT_IN_SID Sid;

    const NTSTATUS Status = BuildNtSid(&Sid, First, Second);
    return NT_SUCCESS(Status) ? RtlAddAccessAllowedAce(Dacl, ACL_REVISION, Access, &Sid) : Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlBuildDeviceDacl(_Out_writes_bytes_(Length) PACL Dacl, _In_ ULONG Length,
                                                 _In_opt_ PSID ClientSid)
{
    PAGED_CODE();
    RtlZeroMemory(Dacl, Length);
    NTSTATUS Status = RtlCreateAcl(Dacl, Length, ACL_REVISION);
    if (NT_SUCCESS(Status))
    {
        Status = AllowBuiltIn(Dacl, FILE_ALL_ACCESS, SECURITY_LOCAL_SYSTEM_RID, 0);
    }
    if (NT_SUCCESS(Status))
    {
        Status = AllowBuiltIn(Dacl, FILE_ALL_ACCESS, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS);
    }
    if (NT_SUCCESS(Status) && ClientSid != NULL)
    {
        Status = RtlAddAccessAllowedAce(Dacl, ACL_REVISION, FILE_GENERIC_READ, ClientSid);
    }
    return Status;
}

BOOLEAN TlIsServiceSid(_In_reads_bytes_(Length) const VOID *Sid, _In_ ULONG Length)
{
    /* Revision, count, authority NT, and the first number: SECURITY_SERVICE_ID_BASE_RID. */
    static const UINT8 Prefix[] = {SID_REVISION, SERVICE_SUB_AUTHORITIES, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0};

    const UINT8 *Bytes = Sid;

    if (Length != SID_FIXED_LENGTH + SERVICE_SUB_AUTHORITIES * sizeof(ULONG))
    {
        return FALSE;
    }
    for (ULONG Index = 0; Index < sizeof(Prefix); Index++)
    {
        if (Bytes[Index] != Prefix[Index])
        {
            return FALSE;
        }
    }
    return TRUE;
}
