/* What a device's security descriptor means for an open: the walk over the DACL's entries. */
#include <stdlib.h>

#include "internal.h"

static const UCHAR everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
static const UCHAR system_sid[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
static const UCHAR administrators[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
static const UCHAR users[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0};

static size_t sid_bytes(const UCHAR *sid)
{
    return 8 + (size_t)sid[1] * 4;
}

static bool same_sid(const UCHAR *left, const UCHAR *right)
{
    return left[1] == right[1] && memcmp(left, right, sid_bytes(left)) == 0;
}

/* Is this one of the groups of the thread's user? System is an administrator, too. */
static bool is_member(const kernel_host_thread *thread, const UCHAR *sid)
{
    if (same_sid(sid, everyone))
        return true;
    switch (thread->user)
    {
    case NTSIM_LOCAL_SYSTEM:
        return same_sid(sid, system_sid) || same_sid(sid, administrators);
    case NTSIM_ADMINISTRATOR:
        return same_sid(sid, administrators) || same_sid(sid, users);
    case NTSIM_SERVICE_USER:
        return same_sid(sid, users) || same_sid(sid, thread->service_sid);
    default:
        return same_sid(sid, users);
    }
}

static ACCESS_MASK map_file_access(ACCESS_MASK access)
{
    ACCESS_MASK mapped = access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
    mapped |= (access & GENERIC_READ) != 0 ? FILE_GENERIC_READ : 0;
    mapped |= (access & GENERIC_WRITE) != 0 ? FILE_GENERIC_WRITE : 0;
    mapped |= (access & GENERIC_EXECUTE) != 0 ? FILE_GENERIC_EXECUTE : 0;
    mapped |= (access & GENERIC_ALL) != 0 ? FILE_ALL_ACCESS : 0;
    return mapped;
}

bool kernel_access_allowed(const kernel_host_thread *thread, const void *security, ACCESS_MASK wanted)
{
    SECURITY_DESCRIPTOR_RELATIVE descriptor;
    ACCESS_MASK left = wanted;
    if (security == NULL)
        return true; /* a device's default descriptor lets everyone in */
    memcpy(&descriptor, security, sizeof descriptor);
    if ((descriptor.Control & SE_DACL_PRESENT) == 0 || descriptor.Dacl == 0)
        return true; /* no DACL: no restriction */
    const UCHAR *acl_bytes = (const UCHAR *)security + descriptor.Dacl;
    ACL acl;
    memcpy(&acl, acl_bytes, sizeof acl);
    const UCHAR *entry = acl_bytes + sizeof acl;
    for (USHORT i = 0; i < acl.AceCount && left != 0; i++)
    {
        ACCESS_ALLOWED_ACE ace;
        memcpy(&ace, entry, sizeof ace);
        const UCHAR *sid = entry + UFIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart);
        const ACCESS_MASK mask = map_file_access(ace.Mask);
        if (is_member(thread, sid) && ace.Header.AceType == ACCESS_ALLOWED_ACE_TYPE)
            left &= ~mask;
        else if (is_member(thread, sid) && (left & mask) != 0)
            return false;
        entry += ace.Header.AceSize;
    }
    return left == 0;
}

/* Every entry of an ACL is whole and carries a SID. */
static bool is_acl(const ACL *acl)
{
    const UCHAR *entry = (const UCHAR *)(acl + 1);
    const UCHAR *end = (const UCHAR *)acl + acl->AclSize;
    if (acl->AclRevision < MIN_ACL_REVISION || acl->AclRevision > MAX_ACL_REVISION || acl->AclSize < sizeof *acl)
        return false;
    for (USHORT i = 0; i < acl->AceCount; i++)
    {
        ACE_HEADER header;
        const size_t before = UFIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart);
        if ((size_t)(end - entry) < before)
            return false;
        memcpy(&header, entry, sizeof header);
        if (header.AceSize < before || header.AceSize > end - entry || header.AceSize % 4 != 0 ||
            !kernel_is_sid(entry + before, header.AceSize - before))
            return false;
        entry += header.AceSize;
    }
    return true;
}

void *kernel_copy_security(const SECURITY_DESCRIPTOR *descriptor, SECURITY_INFORMATION information, ULONG *length)
{
    const ACL *dacl = (descriptor->Control & SE_DACL_PRESENT) != 0 ? descriptor->Dacl : NULL;
    if (descriptor->Revision != SECURITY_DESCRIPTOR_REVISION || (dacl != NULL && !is_acl(dacl)))
        return NULL;
    SECURITY_DESCRIPTOR_RELATIVE header = {
        .Revision = SECURITY_DESCRIPTOR_REVISION,
        .Control = (SECURITY_DESCRIPTOR_CONTROL)(SE_SELF_RELATIVE | (descriptor->Control & SE_DACL_PRESENT)),
        .Dacl = dacl == NULL ? 0 : (ULONG)sizeof header,
    };
    if ((information & PROTECTED_DACL_SECURITY_INFORMATION) != 0 || (descriptor->Control & SE_DACL_PROTECTED) != 0)
        header.Control = (SECURITY_DESCRIPTOR_CONTROL)(header.Control | SE_DACL_PROTECTED);
    *length = (ULONG)sizeof header + (dacl == NULL ? 0u : dacl->AclSize);
    unsigned char *copy = kernel_allocate(*length);
    memcpy(copy, &header, sizeof header);
    if (dacl != NULL)
        memcpy(copy + sizeof header, dacl, dacl->AclSize);
    return copy;
}
