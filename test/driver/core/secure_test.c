/* IsSecureProcess, as the seed asks for it, and the device's access control list. */
#include <string.h>

#include "acl.h"
#include "bench.h"
#include "secure.h"

/* A kernel handle, as a driver would have one. */
static HANDLE kernel_handle(UINT32 pid)
{
    PEPROCESS process = NULL;
    HANDLE handle = NULL;
    if (!NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)pid, &process)))
        return NULL;
    const NTSTATUS status = ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_QUERY_LIMITED_INFORMATION,
                                                  TL_PROCESS_TYPE, KernelMode, &handle);
    ObDereferenceObject(process);
    return NT_SUCCESS(status) ? handle : NULL;
}

static void check_secure(UINT32 pid, NTSTATUS expected, UINT8 answer)
{
    TL_SECURE_ANSWER secure = {0xEE};
    const HANDLE handle = kernel_handle(pid);
    CHECK(handle != NULL);
    const NTSTATUS status = IsSecureProcess(handle, &secure);
    CHECK_EQ(ZwClose(handle), 0);
    CHECK_EQ(status, expected);
    CHECK_EQ(secure.Verdict, answer);
}

static void it_answers_secure_and_ordinary(void)
{
    check_secure(LSAISO_PID, STATUS_SUCCESS, 2);
    if (check_failed == 0)
        check_secure(NOTEPAD_PID, STATUS_SUCCESS, 1);
    if (check_failed == 0)
        check_secure(PROTECTED_PID, STATUS_SUCCESS, 1);
}

static void it_does_not_call_an_ending_process_ordinary(void)
{
    check_secure(EXITING_PID, STATUS_PROCESS_IS_TERMINATING, 0);
}

static void its_answer_is_unknown_on_every_failure(void)
{
    TL_SECURE_ANSWER secure = {0xEE};
    CHECK_EQ(IsSecureProcess((HANDLE)(ULONG_PTR)0x7770, &secure), STATUS_INVALID_HANDLE);
    CHECK_EQ(secure.Verdict, 0);
    ntsim_kernel_fail_secure_call(LSAISO_PID, STATUS_DEVICE_NOT_CONNECTED);
    check_secure(LSAISO_PID, STATUS_DEVICE_NOT_CONNECTED, 0);
    if (check_failed != 0)
        return;
    ntsim_kernel_fail(NTSIM_RtlGetVersion, 1, STATUS_UNSUCCESSFUL);
    check_secure(LSAISO_PID, STATUS_UNSUCCESSFUL, 0);
}

static void it_asks_for_the_secure_kernel_before_15063(void)
{
    bench_end();
    bench_boot_on(14393, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_SECURE_BIT);
    check_secure(LSAISO_PID, STATUS_SUCCESS, 2);
    if (check_failed == 0)
        check_secure(NOTEPAD_PID, STATUS_NOT_SUPPORTED, 0);
    bench_end();
    if (check_failed != 0)
        return;
    bench_boot_on(14393, 0);
    check_secure(NOTEPAD_PID, STATUS_SUCCESS, 1);
}

/* ---- the device's ACL, byte for byte ---- */

static const UINT8 two_entries[] = {
    2, 0, 52, 0, 2,    0,    0,    0,                                         /* ACL: revision 2, 52 bytes, 2 entries */
    0, 0, 20, 0, 0xFF, 0x01, 0x1F, 0x00, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, /* allow FILE_ALL_ACCESS: S-1-5-18 */
    0, 0, 24, 0, 0xFF, 0x01, 0x1F, 0x00, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0, /* S-1-5-32-544 */
};

/* S-1-5-80-1-2-3-4-5: the form of a service's SID. */
static const UINT8 service_sid[] = {1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0, 1, 0, 0, 0,
                                    2, 0, 0, 0, 3, 0, 0, 0, 4,  0, 0, 0, 5, 0, 0, 0};

static void the_device_is_for_system_and_administrators(void)
{
    union
    {
        ACL acl;
        UINT8 bytes[TL_DEVICE_DACL_SIZE];
    } dacl;
    CHECK_EQ(TlBuildDeviceDacl(&dacl.acl, sizeof two_entries, NULL), STATUS_SUCCESS);
    CHECK_EQ(memcmp(dacl.bytes, two_entries, sizeof two_entries), 0);
}

static void one_account_may_read(void)
{
    static const UINT8 entry[] = {0, 0, 40, 0, 0x89, 0x00, 0x12, 0x00};
    union
    {
        ACL acl;
        UINT8 bytes[TL_DEVICE_DACL_SIZE];
    } dacl;
    CHECK_EQ(TlBuildDeviceDacl(&dacl.acl, sizeof dacl, (PSID)(ULONG_PTR)service_sid), STATUS_SUCCESS);
    CHECK_EQ(dacl.bytes[4], 3);
    CHECK_EQ(memcmp(dacl.bytes + 8, two_entries + 8, sizeof two_entries - 8), 0);
    CHECK_EQ(memcmp(dacl.bytes + 52, entry, sizeof entry), 0);
    CHECK_EQ(memcmp(dacl.bytes + 60, service_sid, sizeof service_sid), 0);
}

static void an_acl_without_room_is_a_failure(void)
{
    union
    {
        ACL acl;
        UINT8 bytes[TL_DEVICE_DACL_SIZE];
    } dacl;
    for (ULONG length = sizeof(ACL); length < sizeof two_entries; length += 4)
        CHECK(!NT_SUCCESS(TlBuildDeviceDacl(&dacl.acl, length, NULL)));
    CHECK(!NT_SUCCESS(TlBuildDeviceDacl(&dacl.acl, sizeof two_entries, (PSID)(ULONG_PTR)service_sid)));
}

static void an_acl_that_cannot_be_built_is_a_failure(void)
{
    static const ntsim_service services[] = {NTSIM_RtlCreateAcl, NTSIM_RtlInitializeSid, NTSIM_RtlAddAccessAllowedAce};
    for (size_t i = 0; i < ARRAYSIZE(services); i++)
        for (uint32_t nth = 1; nth <= (i == 0 ? 1u : i == 1 ? 2u : 3u); nth++)
        {
            union
            {
                ACL acl;
                UINT8 bytes[TL_DEVICE_DACL_SIZE];
            } dacl;
            ntsim_kernel_fail(services[i], nth, STATUS_INVALID_PARAMETER);
            CHECK_EQ(TlBuildDeviceDacl(&dacl.acl, sizeof dacl, (PSID)(ULONG_PTR)service_sid), STATUS_INVALID_PARAMETER);
        }
}

static void only_a_whole_service_sid_is_one(void)
{
    UINT8 sid[128] = {0};
    memcpy(sid, service_sid, sizeof service_sid);
    for (ULONG length = 0; length < 64; length++)
        CHECK_EQ(TlIsServiceSid(sid, length), length == sizeof service_sid);
    /* Revision, count, authority and service base: each byte counts; the hash is anything. */
    for (size_t byte = 0; byte < sizeof service_sid; byte++)
    {
        sid[byte] ^= 1;
        CHECK_EQ(TlIsServiceSid(sid, sizeof service_sid), byte >= 12);
        sid[byte] ^= 1;
    }
}

static void everyone_is_no_service(void)
{
    static const UINT8 everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    CHECK_EQ(TlIsServiceSid(everyone, sizeof everyone), FALSE);
}

const test_case secure_tests[] = {
    {"IsSecureProcess: a trustlet is secure, another process ordinary, a PPL too", it_answers_secure_and_ordinary},
    {"IsSecureProcess: an ending process is unknown, and the status says so",
     it_does_not_call_an_ending_process_ordinary},
    {"IsSecureProcess: the answer is defined, and unknown, on every failure", its_answer_is_unknown_on_every_failure},
    {"IsSecureProcess: before build 15063 a clear bit counts only without a secure kernel",
     it_asks_for_the_secure_kernel_before_15063},
    {"ACL: SYSTEM and Administrators, byte for byte", the_device_is_for_system_and_administrators},
    {"ACL: one more account may read", one_account_may_read},
    {"ACL: too little room is a failure", an_acl_without_room_is_a_failure},
    {"ACL: whichever call fails, there is no ACL", an_acl_that_cannot_be_built_is_a_failure},
    {"ACL: only a whole service SID is one", only_a_whole_service_sid_is_one},
    {"ACL: everyone is no service", everyone_is_no_service},
    {0},
};
