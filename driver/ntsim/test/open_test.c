#include "check.h"
#include "sample.h"

/* What a handle was granted, seen from outside: which of two queries it allows. */
static int may_query_process(nt_handle handle)
{
    nt_process_extended_basic_information info;
    return NT_SUCCESS(query_extended(handle, &info));
}

static void ids_that_name_nothing(void)
{
    nt_handle handle = 1;
    load_sample();
    CHECK_EQ(open_process(NOBODY_PID, 0x1000, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_process(IDLE_PID, 0x1000, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_process(UINT64_C(0x100000000) + AGENT_PID, 0x1000, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_process(NOTEPAD_TID, 0x1000, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_thread(NOTEPAD_PID, 0x800, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_thread(0, 0x800, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_thread(7000, 0x800, &handle), STATUS_INVALID_CID);
    CHECK_EQ(handle, 1);
}

static void a_trustlet_opens_like_any_other(void)
{
    nt_handle handle;
    load_sample();
    CHECK_EQ(open_process(LSAISO_PID, 0x1FFFFF, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_open_handles(), 1);
    CHECK_EQ(NtClose(handle), STATUS_SUCCESS);
    CHECK_EQ(NtClose(handle), STATUS_INVALID_HANDLE);
}

static void rights_outside_the_mask_are_refused(void)
{
    nt_handle handle;
    load_sample();
    CHECK_EQ(open_process(HIDDEN_PID, 0x1000, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_thread(HIDDEN_TID, 0x800, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_process(PROTECTED_PID, 0x1010, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_process(NOTEPAD_PID, 0, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x200000, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_process(PROTECTED_PID, 0x1000, &handle), STATUS_SUCCESS);
    NtClose(handle);
}

static void generic_rights_stand_for_others(void)
{
    nt_handle handle;
    load_sample();
    CHECK_EQ(open_process(PROTECTED_PID, 0x80000000u, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_process(PROTECTED_PID, 0x10000000u, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x80000000u, &handle), STATUS_SUCCESS); /* 0x400 implies 0x1000 */
    CHECK(may_query_process(handle));
    NtClose(handle);
    CHECK_EQ(open_process(PROTECTED_PID, 0x02000000u, &handle), STATUS_SUCCESS); /* MAXIMUM_ALLOWED */
    CHECK(may_query_process(handle));
    NtClose(handle);
    CHECK_EQ(open_process(HIDDEN_PID, 0x02000000u, &handle), STATUS_ACCESS_DENIED);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0xE0000000u, &handle), STATUS_SUCCESS);
    NtClose(handle);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x10000000u, &handle), STATUS_SUCCESS);
    NtClose(handle);
}

static void opens_grant_what_the_kernel_implies(void)
{
    static const struct
    {
        nt_access access;
        int queries;
    } rows[] = {{0x10, 0}, {0x8, 0}, {0x20, 0}, {0x28, 1}, {0x400, 1}, {0x200, 0}, {0x1000, 1}, {0x100000, 0}};
    load_sample();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    {
        nt_handle handle;
        CHECK_EQ(open_process(NOTEPAD_PID, rows[i].access, &handle), STATUS_SUCCESS);
        const int queries = may_query_process(handle);
        NtClose(handle);
        CHECK_EQ(queries, rows[i].queries);
    }
}

static void implied_grants_can_be_switched_off(void)
{
    nt_handle handle;
    nt_process_extended_basic_information info;
    sample_table table = sample();
    table.header.policies = NTSIM_POLICY_NO_IMPLIED_GRANTS;
    load(&table);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x400, &handle), STATUS_SUCCESS);
    const nt_status status = query_extended(handle, &info);
    NtClose(handle);
    CHECK_EQ(status, STATUS_ACCESS_DENIED);
}

static void threads_imply_their_own(void)
{
    static const struct
    {
        nt_access access;
        nt_status status;
    } rows[] = {{0x40, STATUS_SUCCESS}, {0x10, STATUS_ACCESS_DENIED}, {0x22, STATUS_ACCESS_DENIED}, {0x800, 0}};
    load_sample();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    {
        nt_handle handle;
        uint32_t ended = 7;
        CHECK_EQ(open_thread(NOTEPAD_TID, rows[i].access, &handle), STATUS_SUCCESS);
        const nt_status status = NtQueryInformationThread(handle, ThreadIsTerminated, &ended, 4, NULL);
        NtClose(handle);
        CHECK_EQ(status, rows[i].status);
    }
}

static void the_low_two_bits_of_an_id_are_ignored(void)
{
    nt_handle handle;
    nt_process_extended_basic_information info;
    sample_table table = sample();
    load(&table);
    CHECK_EQ(open_process(LSAISO_PID + 3, 0x1000, &handle), STATUS_SUCCESS);
    const nt_status status = query_extended(handle, &info);
    NtClose(handle);
    CHECK_EQ(status, STATUS_SUCCESS);
    CHECK_EQ(info.BasicInfo.UniqueProcessId, 812);
    CHECK_EQ(open_thread(NOTEPAD_TID + 1, 0x800, &handle), STATUS_SUCCESS);
    NtClose(handle);
    table.header.policies = NTSIM_POLICY_EXACT_IDS;
    load(&table);
    CHECK_EQ(open_process(LSAISO_PID + 3, 0x1000, &handle), STATUS_INVALID_CID);
    CHECK_EQ(open_thread(NOTEPAD_TID + 1, 0x800, &handle), STATUS_INVALID_CID);
}

static void a_client_id_must_be_one_pair(void)
{
    nt_handle handle;
    nt_object_attributes attributes = {.Length = sizeof attributes};
    nt_client_id pair = {NOTEPAD_PID, NOTEPAD_TID};
    load_sample();
    CHECK_EQ(NtOpenThread(&handle, 0x800, &attributes, &pair), STATUS_SUCCESS);
    NtClose(handle);
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, &attributes, &pair), STATUS_SUCCESS);
    NtClose(handle);
    pair.UniqueProcess = LSAISO_PID;
    CHECK_EQ(NtOpenThread(&handle, 0x800, &attributes, &pair), STATUS_INVALID_CID);
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, &attributes, &pair), STATUS_INVALID_CID);
}

static void arguments_are_looked_at_first(void)
{
    nt_handle handle;
    nt_object_attributes attributes = {.Length = sizeof attributes};
    nt_client_id client_id = {NOTEPAD_PID, 0};
    nt_unicode_string name = {0, 0, 0, 0};
    load_sample();
    CHECK_EQ(NtOpenProcess(NULL, 0x1000, &attributes, &client_id), STATUS_ACCESS_VIOLATION);
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, NULL, &client_id), STATUS_ACCESS_VIOLATION);
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, &attributes, NULL), STATUS_INVALID_PARAMETER_MIX);
    attributes.ObjectName = &name;
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, &attributes, &client_id), STATUS_INVALID_PARAMETER_MIX);
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, &attributes, NULL), STATUS_NOT_SUPPORTED);
    attributes.Length = 24;
    CHECK_EQ(NtOpenThread(&handle, 0x1000, &attributes, &client_id), STATUS_INVALID_PARAMETER);
}

static void inheritable_handles_are_counted(void)
{
    nt_handle handle;
    nt_object_attributes attributes = {.Length = sizeof attributes, .Attributes = OBJ_INHERIT};
    nt_client_id client_id = {NOTEPAD_PID, 0};
    load_sample();
    CHECK_EQ(NtOpenProcess(&handle, 0x1000, &attributes, &client_id), STATUS_SUCCESS);
    CHECK_EQ(ntsim_inheritable_handles(), 1);
    NtClose(handle);
    CHECK_EQ(ntsim_inheritable_handles(), 0);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_inheritable_handles(), 0);
    NtClose(handle);
}

static void handles_are_above_every_real_one(void)
{
    nt_handle handle;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK(handle > INT64_C(0x100000000) && handle < INT64_C(0x20000000000000));
    CHECK_EQ(NtClose(0), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(-1), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(-2), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(INT64_MIN), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(INT64_MAX), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(handle + 4), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(handle - 4), STATUS_INVALID_HANDLE);
    CHECK_EQ(NtClose(handle | 3), STATUS_SUCCESS); /* the low two bits are the caller's */
}

static void many_handles_live_together(void)
{
    enum
    {
        COUNT = 1000
    };
    static nt_handle handles[COUNT];
    load_sample();
    for (int round = 0; round < 3; round++)
    {
        for (int i = 0; i < COUNT; i++)
            CHECK_EQ(open_process(i % 2 ? NOTEPAD_PID : LSAISO_PID, 0x1000, &handles[i]), STATUS_SUCCESS);
        CHECK_EQ(ntsim_open_handles(), COUNT);
        for (int i = 0; i < COUNT; i++)
            for (int j = i + 1; j < COUNT && j < i + 4; j++)
                CHECK(handles[i] != handles[j]);
        for (int i = COUNT - 1; i >= 0; i--)
            CHECK_EQ(NtClose(handles[i]), STATUS_SUCCESS);
    }
}

static void a_closed_handle_is_not_given_out_at_once(void)
{
    nt_handle first;
    nt_handle next;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &first), STATUS_SUCCESS);
    NtClose(first);
    for (int i = 0; i < 64; i++)
    {
        CHECK_EQ(open_process(LSAISO_PID, 0x1000, &next), STATUS_SUCCESS);
        NtClose(next);
        CHECK(next != first);
    }
}

const test_case open_tests[] = {
    {"ids that name nothing are STATUS_INVALID_CID", ids_that_name_nothing},
    {"a trustlet opens like any other process", a_trustlet_opens_like_any_other},
    {"rights outside the mask are STATUS_ACCESS_DENIED", rights_outside_the_mask_are_refused},
    {"generic rights stand for others", generic_rights_stand_for_others},
    {"opens grant what the kernel implies", opens_grant_what_the_kernel_implies},
    {"implied grants can be switched off", implied_grants_can_be_switched_off},
    {"threads have implied grants of their own", threads_imply_their_own},
    {"the low two bits of an id are ignored, or count by policy", the_low_two_bits_of_an_id_are_ignored},
    {"a client id with two members must be one pair", a_client_id_must_be_one_pair},
    {"arguments are looked at first", arguments_are_looked_at_first},
    {"inheritable handles are counted", inheritable_handles_are_counted},
    {"handles lie above every real one", handles_are_above_every_real_one},
    {"many handles live together", many_handles_live_together},
    {"a closed handle is not given out again at once", a_closed_handle_is_not_given_out_at_once},
    {NULL, NULL},
};
