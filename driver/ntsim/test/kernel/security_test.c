/* SIDs, ACLs and descriptors: the checks of the Rtl functions, and the bytes they make. */
#include "cases.h"

static SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;

static void a_sid_has_its_bytes(void)
{
    static const UCHAR administrators[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
    UCHAR sid[SECURITY_MAX_SID_SIZE];
    CHECK_EQ(RtlInitializeSid(sid, &nt, 2), STATUS_SUCCESS);
    *RtlSubAuthoritySid(sid, 0) = SECURITY_BUILTIN_DOMAIN_RID;
    *RtlSubAuthoritySid(sid, 1) = DOMAIN_ALIAS_RID_ADMINS;
    CHECK_EQ(RtlLengthSid(sid), 16);
    CHECK_EQ(memcmp(sid, administrators, sizeof administrators), 0);
    CHECK_EQ(RtlInitializeSid(sid, &nt, 16), STATUS_INVALID_PARAMETER);
    (void)RtlSubAuthoritySid(sid, 2);
    CHECK_COMPLAINT("RtlSubAuthoritySid of part 2 of a SID with 2");
}

static void an_acl_takes_what_fits(void)
{
    static const UCHAR expected[] = {2,    0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0xFF, 1,
                                     0x1F, 0, 1,  1, 0, 0, 0, 0, 0, 5, 18, 0, 0,    0};
    UCHAR sid[SECURITY_MAX_SID_SIZE];
    union
    {
        ACL acl;
        UCHAR bytes[28];
    } list;
    CHECK_EQ(RtlInitializeSid(sid, &nt, 1), STATUS_SUCCESS);
    *RtlSubAuthoritySid(sid, 0) = SECURITY_LOCAL_SYSTEM_RID;
    CHECK_EQ(RtlCreateAcl(&list.acl, 7, ACL_REVISION), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(RtlCreateAcl(&list.acl, sizeof list, 1), STATUS_INVALID_PARAMETER);
    CHECK_EQ(RtlCreateAcl(&list.acl, 0x10000, ACL_REVISION), STATUS_INVALID_PARAMETER);
    CHECK_EQ(RtlCreateAcl(&list.acl, sizeof list, ACL_REVISION), STATUS_SUCCESS);
    CHECK_EQ(RtlAddAccessAllowedAce(&list.acl, 5, FILE_ALL_ACCESS, sid), STATUS_REVISION_MISMATCH);
    CHECK_EQ(RtlAddAccessAllowedAce(&list.acl, ACL_REVISION, FILE_ALL_ACCESS, sid), STATUS_SUCCESS);
    CHECK_EQ(memcmp(list.bytes, expected, sizeof expected), 0);
    CHECK_EQ(RtlAddAccessAllowedAce(&list.acl, ACL_REVISION, FILE_ALL_ACCESS, sid), STATUS_ALLOTTED_SPACE_EXCEEDED);
    sid[0] = 2;
    CHECK_EQ(RtlAddAccessAllowedAce(&list.acl, ACL_REVISION, FILE_ALL_ACCESS, sid), STATUS_INVALID_SID);
    sid[0] = 1;
    list.acl.AceCount = 2;
    CHECK_EQ(RtlAddAccessAllowedAce(&list.acl, ACL_REVISION, FILE_ALL_ACCESS, sid), STATUS_INVALID_ACL);
}

static void a_descriptor_is_absolute_and_of_revision_1(void)
{
    SECURITY_DESCRIPTOR descriptor;
    ACL acl = {ACL_REVISION, 0, sizeof acl, 0, 0};
    CHECK_EQ(RtlCreateSecurityDescriptor(&descriptor, 2), STATUS_UNKNOWN_REVISION);
    CHECK_EQ(RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
    CHECK_EQ(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, &acl, FALSE), STATUS_SUCCESS);
    CHECK_EQ(descriptor.Control, SE_DACL_PRESENT);
    CHECK(descriptor.Dacl == &acl);
    CHECK_EQ(RtlSetDaclSecurityDescriptor(&descriptor, FALSE, &acl, FALSE), STATUS_SUCCESS);
    CHECK_EQ(descriptor.Control, 0);
    CHECK(descriptor.Dacl == NULL);
    descriptor.Control = SE_SELF_RELATIVE;
    CHECK_EQ(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, &acl, FALSE), STATUS_INVALID_SECURITY_DESCR);
    descriptor.Revision = 0;
    CHECK_EQ(RtlSetDaclSecurityDescriptor(&descriptor, TRUE, &acl, FALSE), STATUS_UNKNOWN_REVISION);
}

const test_case security_tests[] = {
    {"a SID has its bytes", a_sid_has_its_bytes},
    {"an ACL takes what fits and is valid", an_acl_takes_what_fits},
    {"a descriptor is absolute and of revision 1", a_descriptor_is_absolute_and_of_revision_1},
    {NULL, NULL},
};
