/* Who may open the device: the bytes of its access list, and whom the I/O manager lets in by them. */
#include <string.h>

#include "stand.h"

/*
 * Written by hand from the layouts of MS-DTYP 2.4: a self-relative descriptor with nothing but a protected DACL, in it
 * two allowing entries (type 0, flags 0) with FILE_ALL_ACCESS 0x001F01FF.
 */
static const UINT8 descriptor_head[] = {1, 0, 0x04, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0};
static const UINT8 built_in_entries[] = {
    0,    0, 20, 0, 0xFF, 0x01, 0x1F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, /* S-1-5-18 SYSTEM */
    0,    0, 24, 0, 0xFF, 0x01, 0x1F, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0,
    0x20, 2, 0,  0, /* S-1-5-32-544 Administrators */
};
/* The head of the client's entry: FILE_GENERIC_READ 0x00120089. Its SID follows. */
static const UINT8 client_entry[] = {0, 0, 40, 0, 0x89, 0x00, 0x12, 0};

static bool same(const UINT8 *actual, const UINT8 *expected, size_t length, const char *what)
{
    for (size_t i = 0; i < length; i++)
        if (actual[i] != expected[i])
        {
            printf("# byte %zu of %s is 0x%02x, not 0x%02x\n", i, what, actual[i], expected[i]);
            return false;
        }
    return true;
}

/* The ACL's header: revision 2, its size, its entries. The size may include room for more. */
static void check_descriptor(UINT16 entries, size_t entry_bytes)
{
    UINT8 bytes[512];
    const ULONG length = ntsim_kernel_device_security("\\Device\\Trustlet", bytes, sizeof bytes);
    UINT16 size;
    UINT16 count;
    CHECK(length >= sizeof descriptor_head + 8 + entry_bytes && length <= sizeof bytes);
    CHECK(same(bytes, descriptor_head, sizeof descriptor_head, "the descriptor"));
    const UINT8 *acl = bytes + sizeof descriptor_head;
    memcpy(&size, acl + 2, 2);
    memcpy(&count, acl + 4, 2);
    CHECK_EQ(acl[0], 2);
    CHECK_EQ(count, entries);
    CHECK_EQ(size, length - sizeof descriptor_head);
    CHECK(same(acl + 8, built_in_entries, sizeof built_in_entries, "the entries"));
    if (entries == 3)
    {
        CHECK(same(acl + 52, client_entry, sizeof client_entry, "the client's entry"));
        CHECK(same(acl + 60, stand_service_sid, sizeof stand_service_sid, "the client's SID"));
    }
}

static void admits_system_and_administrators(void)
{
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    check_descriptor(2, sizeof built_in_entries);
}

static void admits_one_service_more(void)
{
    stand_set_client_sid(REG_BINARY, stand_service_sid, sizeof stand_service_sid);
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    check_descriptor(3, sizeof built_in_entries + 40);
}

static NTSTATUS open_as(ntsim_user user, ACCESS_MASK access)
{
    HANDLE file;
    ntsim_kernel_set_user(user, stand_service_sid);
    const NTSTATUS status = ntsim_kernel_open(DEVICE_PATH, access, &file);
    if (NT_SUCCESS(status))
        (void)ntsim_kernel_close(file);
    ntsim_kernel_set_user(NTSIM_ADMINISTRATOR, NULL);
    return status;
}

static void lets_in_by_it(void)
{
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(open_as(NTSIM_ADMINISTRATOR, GENERIC_READ | GENERIC_WRITE), STATUS_SUCCESS);
    CHECK_EQ(open_as(NTSIM_LOCAL_SYSTEM, GENERIC_ALL), STATUS_SUCCESS);
    CHECK_EQ(open_as(NTSIM_PLAIN_USER, GENERIC_READ), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_as(NTSIM_PLAIN_USER, FILE_READ_ATTRIBUTES), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_as(NTSIM_SERVICE_USER, GENERIC_READ), STATUS_ACCESS_DENIED);
}

static void lets_the_service_read(void)
{
    stand_set_client_sid(REG_BINARY, stand_service_sid, sizeof stand_service_sid);
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    CHECK_EQ(open_as(NTSIM_SERVICE_USER, GENERIC_READ), STATUS_SUCCESS);
    CHECK_EQ(open_as(NTSIM_SERVICE_USER, GENERIC_READ | GENERIC_WRITE), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_as(NTSIM_SERVICE_USER, WRITE_DAC), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_as(NTSIM_PLAIN_USER, GENERIC_READ), STATUS_ACCESS_DENIED);
}

static void check_refused(ULONG type, const void *bytes, ULONG length)
{
    stand_set_client_sid(type, bytes, length);
    CHECK_EQ(stand_load(), STATUS_INVALID_SID);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

static void refuses_what_is_no_binary(void)
{
    check_refused(REG_SZ, stand_service_sid, sizeof stand_service_sid);
}

static void refuses_half_a_sid(void)
{
    check_refused(REG_BINARY, stand_service_sid, sizeof stand_service_sid - 1);
}

static void refuses_no_bytes(void)
{
    check_refused(REG_BINARY, "", 0);
}

static void refuses_a_sid_with_something_behind(void)
{
    UINT8 longer[SERVICE_SID_BYTES + 4] = {0};
    memcpy(longer, stand_service_sid, sizeof stand_service_sid);
    check_refused(REG_BINARY, longer, sizeof longer);
}

static void refuses_more_than_a_sid_can_be(void)
{
    UINT8 long_bytes[69] = {1, 15};
    check_refused(REG_BINARY, long_bytes, sizeof long_bytes);
}

/* A service that was told nothing has no Parameters key; one that was told something else has no such value. */
static void needs_no_value(void)
{
    ntsim_kernel_set_registry_value("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\trustlet\\Parameters",
                                    "Other", REG_SZ, L"", 2);
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    check_descriptor(2, sizeof built_in_entries);
}

static void refuses_what_is_no_service(void)
{
    static const UINT8 everyone[12] = {1, 1, 0, 0, 0, 0, 0, 1};
    UINT8 longest[68] = {1, 15, 0, 0, 0, 0, 0, 5, 80};
    check_refused(REG_BINARY, everyone, sizeof everyone);
    if (check_failed == 0)
        check_refused(REG_BINARY, longest, sizeof longest);
}

const test_case security_tests[] = {
    {"security: the list holds SYSTEM and Administrators, byte for byte, and is protected",
     admits_system_and_administrators},
    {"security: a service's SID from the registry is added with FILE_GENERIC_READ", admits_one_service_more},
    {"security: administrators and SYSTEM may open the device, nobody else may", lets_in_by_it},
    {"security: the service named may open it for reading, and for nothing else", lets_the_service_read},
    {"security: a SID of another registry type keeps the driver from loading", refuses_what_is_no_binary},
    {"security: so does half a SID", refuses_half_a_sid},
    {"security: so does an empty value", refuses_no_bytes},
    {"security: so does a SID with something behind it", refuses_a_sid_with_something_behind},
    {"security: so does more than any SID can be", refuses_more_than_a_sid_can_be},
    {"security: a Parameters key without the value is no mistake", needs_no_value},
    {"security: a SID that is no service's keeps the driver from loading, Everyone above all",
     refuses_what_is_no_service},
    {0},
};
