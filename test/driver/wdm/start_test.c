/* DriverEntry and unload: everything it does is undone, whichever call fails. */
#include <string.h>

#include "stand.h"

static void loads_and_unloads(void)
{
    HANDLE file;
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    file = stand_open();
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_unload_driver(stand_driver), STATUS_SUCCESS);
    stand_driver = NULL;
    CHECK_EQ(ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(ntsim_kernel_open("\\Device\\Trustlet", GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQ(ntsim_kernel_pool_blocks(), 0);
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
}

/* A call, which of its calls, the status it fails with. */
typedef struct failure
{
    ntsim_service service;
    uint32_t nth;
    NTSTATUS status;
} failure;

static void is_undone_after(const failure *failures, size_t count)
{
    for (size_t i = 0; i < count; i++)
    {
        HANDLE file;
        ntsim_kernel_fail(failures[i].service, failures[i].nth, failures[i].status);
        const NTSTATUS status = stand_load();
        if (status != failures[i].status)
            printf("# row %zu\n", i);
        CHECK_EQ(status, failures[i].status);
        CHECK(stand_driver == NULL);
        ntsim_kernel_clear_script();
        CHECK_EQ(ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file), STATUS_OBJECT_NAME_NOT_FOUND);
        CHECK_EQ(ntsim_kernel_check(), 0);
    }
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
}

static void undoes_each_failure(void)
{
    static const failure failures[] = {
        {NTSIM_IoCreateDevice, 1, STATUS_OBJECT_NAME_COLLISION},
        {NTSIM_RtlGetVersion, 1, STATUS_UNSUCCESSFUL},
        {NTSIM_ZwOpenKey, 1, STATUS_ACCESS_DENIED},
        {NTSIM_RtlCreateAcl, 1, STATUS_BUFFER_TOO_SMALL},
        {NTSIM_RtlInitializeSid, 1, STATUS_INVALID_PARAMETER},
        {NTSIM_RtlInitializeSid, 2, STATUS_INVALID_PARAMETER},
        {NTSIM_RtlAddAccessAllowedAce, 1, STATUS_ALLOTTED_SPACE_EXCEEDED},
        {NTSIM_RtlAddAccessAllowedAce, 2, STATUS_ALLOTTED_SPACE_EXCEEDED},
        {NTSIM_RtlCreateSecurityDescriptor, 1, STATUS_UNKNOWN_REVISION},
        {NTSIM_RtlSetDaclSecurityDescriptor, 1, STATUS_INVALID_SECURITY_DESCR},
        {NTSIM_ObOpenObjectByPointer, 1, STATUS_INSUFFICIENT_RESOURCES},
        {NTSIM_ZwSetSecurityObject, 1, STATUS_ACCESS_DENIED},
        {NTSIM_IoCreateSymbolicLink, 1, STATUS_OBJECT_NAME_COLLISION},
    };
    is_undone_after(failures, RTL_NUMBER_OF(failures));
}

static void undoes_each_failure_with_a_client(void)
{
    static const failure failures[] = {
        {NTSIM_ZwOpenKey, 1, STATUS_INSUFFICIENT_RESOURCES},
        {NTSIM_ZwOpenKey, 2, STATUS_ACCESS_DENIED},
        {NTSIM_ZwQueryValueKey, 1, STATUS_ACCESS_DENIED},
        {NTSIM_RtlAddAccessAllowedAce, 3, STATUS_ALLOTTED_SPACE_EXCEEDED},
    };
    stand_set_client_sid(REG_BINARY, stand_service_sid, sizeof stand_service_sid);
    is_undone_after(failures, RTL_NUMBER_OF(failures));
}

/* Loads, uses and unloads the driver; whatever of it fails, what follows is left out. */
static void use_once(void)
{
    HANDLE file;
    if (!NT_SUCCESS(stand_load()))
        return;
    if (!NT_SUCCESS(ntsim_kernel_open(DEVICE_PATH, GENERIC_READ, &file)))
        return;
    TL_PROCESS_RECORD record;
    (void)stand_query(file, LSAISO_PID, &record);
    (void)ntsim_kernel_close(file);
}

static void leaves_nothing_at_any_site(void)
{
    int sites = 0;
    stand_end();
    while (ntsim_next_fault_site())
    {
        stand_boot();
        stand_set_client_sid(REG_BINARY, stand_service_sid, sizeof stand_service_sid);
        use_once();
        sites += ntsim_fault_site_hit();
        stand_end();
        if (check_failed != 0)
            printf("# after a failure of %s\n", ntsim_fault_site_name());
    }
    stand_boot();
    printf("# %d call sites failed, one at a time\n", sites);
    CHECK(sites >= 20);
}

/* Frees what a driver of an older Windows could not have got otherwise: the names bound at run time are optional. */
static void needs_no_optional_routine(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_provide_routine("ExAllocatePool2", false);
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    CHECK_EQ(stand_query(file, LSAISO_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, TL_VERDICT_SECURE);
    CHECK_EQ(record.StartKey, 0);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

static void stays_while_a_file_is_open(void)
{
    CHECK_EQ(stand_load(), STATUS_SUCCESS);
    const HANDLE file = stand_open();
    CHECK_EQ(ntsim_kernel_unload_driver(stand_driver), STATUS_DEVICE_BUSY);
    TL_STATS_REPLY stats;
    CHECK_EQ(stand_stats(file, &stats), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(file), STATUS_SUCCESS);
}

const test_case start_tests[] = {
    {"start: the driver loads, opens, unloads without a trace, and loads again", loads_and_unloads},
    {"start: a failing call of DriverEntry is its status, and undoes all before it", undoes_each_failure},
    {"start: so does one of those a client SID adds", undoes_each_failure_with_a_client},
    {"start: whichever call site fails, from load to unload, nothing is left behind", leaves_nothing_at_any_site},
    {"start: a Windows without the optional routines will do", needs_no_optional_routine},
    {"start: the driver is not unloaded while a file is open", stays_while_a_file_is_open},
    {0},
};
