/* Se, in its Rtl functions: SIDs, ACLs and security descriptors, with the checks that the real ones make. */
#include "internal.h"

#define SID_BYTES(count) (UFIELD_OFFSET(SID, SubAuthority) + (ULONG)(count) * (ULONG)sizeof(ULONG))

bool kernel_is_sid(const void *bytes, size_t room)
{
    const SID *sid = bytes;
    return room >= UFIELD_OFFSET(SID, SubAuthority) && sid->Revision == SID_REVISION &&
           sid->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES && room >= SID_BYTES(sid->SubAuthorityCount);
}

NTSTATUS RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount)
{
    NTSTATUS status;
    SID *sid = Sid;
    if (kernel_enter(NTSIM_RtlInitializeSid, CALLER, &status))
        return status;
    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES)
        return STATUS_INVALID_PARAMETER;
    sid->Revision = SID_REVISION;
    sid->SubAuthorityCount = SubAuthorityCount;
    sid->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}

PULONG RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    NTSTATUS status;
    SID *sid = Sid;
    (void)kernel_enter(NTSIM_RtlSubAuthoritySid, CALLER, &status);
    if (SubAuthority >= sid->SubAuthorityCount)
        kernel_complain("RtlSubAuthoritySid of part %u of a SID with %u", SubAuthority, sid->SubAuthorityCount);
    return (PULONG)(PVOID)((UCHAR *)Sid + SID_BYTES(SubAuthority));
}

ULONG RtlLengthSid(PSID Sid)
{
    NTSTATUS status;
    const SID *sid = Sid;
    (void)kernel_enter(NTSIM_RtlLengthSid, CALLER, &status);
    return SID_BYTES(sid->SubAuthorityCount);
}

NTSTATUS RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_RtlCreateAcl, CALLER, &status))
        return status;
    if (AclLength < sizeof(ACL))
        return STATUS_BUFFER_TOO_SMALL;
    if (AclRevision < MIN_ACL_REVISION || AclRevision > MAX_ACL_REVISION || AclLength > MAXUSHORT)
        return STATUS_INVALID_PARAMETER;
    *Acl = (ACL){(UCHAR)AclRevision, 0, (USHORT)(AclLength & ~3u), 0, 0};
    return STATUS_SUCCESS;
}

/* Where the next entry goes; NULL for an ACL whose entries do not fit into it. */
static UCHAR *first_free(ACL *acl)
{
    UCHAR *end = (UCHAR *)acl + acl->AclSize;
    UCHAR *entry = (UCHAR *)(acl + 1);
    for (USHORT i = 0; i < acl->AceCount; i++)
    {
        ACE_HEADER header;
        if ((size_t)(end - entry) < sizeof header)
            return NULL;
        memcpy(&header, entry, sizeof header);
        if (header.AceSize < sizeof header || header.AceSize > end - entry)
            return NULL;
        entry += header.AceSize;
    }
    return entry;
}

NTSTATUS RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_RtlAddAccessAllowedAce, CALLER, &status))
        return status;
    if (!kernel_is_sid(Sid, SECURITY_MAX_SID_SIZE))
        return STATUS_INVALID_SID;
    if (Acl->AclRevision > MAX_ACL_REVISION || AceRevision > MAX_ACL_REVISION)
        return STATUS_REVISION_MISMATCH;
    UCHAR *entry = first_free(Acl);
    if (Acl->AclRevision < MIN_ACL_REVISION || entry == NULL)
        return STATUS_INVALID_ACL;
    const ULONG sid_bytes = SID_BYTES(((const SID *)Sid)->SubAuthorityCount);
    const ULONG bytes = UFIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + sid_bytes;
    if (entry + bytes > (UCHAR *)Acl + Acl->AclSize)
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    const ACE_HEADER header = {ACCESS_ALLOWED_ACE_TYPE, 0, (USHORT)bytes};
    memcpy(entry, &header, sizeof header);
    memcpy(entry + sizeof header, &AccessMask, sizeof AccessMask);
    memcpy(entry + UFIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart), Sid, sid_bytes);
    if (AceRevision > Acl->AclRevision)
        Acl->AclRevision = (UCHAR)AceRevision;
    Acl->AceCount++;
    return STATUS_SUCCESS;
}

NTSTATUS RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_RtlCreateSecurityDescriptor, CALLER, &status))
        return status;
    if (Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    *(SECURITY_DESCRIPTOR *)SecurityDescriptor = (SECURITY_DESCRIPTOR){.Revision = SECURITY_DESCRIPTOR_REVISION};
    return STATUS_SUCCESS;
}

NTSTATUS RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent, PACL Dacl,
                                      BOOLEAN DaclDefaulted)
{
    NTSTATUS status;
    SECURITY_DESCRIPTOR *descriptor = SecurityDescriptor;
    if (kernel_enter(NTSIM_RtlSetDaclSecurityDescriptor, CALLER, &status))
        return status;
    if (descriptor->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_UNKNOWN_REVISION;
    if ((descriptor->Control & SE_SELF_RELATIVE) != 0)
        return STATUS_INVALID_SECURITY_DESCR;
    const unsigned control = descriptor->Control & ~(unsigned)(SE_DACL_PRESENT | SE_DACL_DEFAULTED);
    descriptor->Control = (SECURITY_DESCRIPTOR_CONTROL)(control | (DaclPresent ? SE_DACL_PRESENT : 0u) |
                                                        (DaclPresent && DaclDefaulted ? SE_DACL_DEFAULTED : 0u));
    descriptor->Dacl = DaclPresent ? Dacl : NULL;
    return STATUS_SUCCESS;
}
