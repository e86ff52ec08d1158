/* IRQL: every service knows its highest, and code that may be paged out does not run above APC_LEVEL. */
#include <pthread.h>

#include "cases.h"

static void a_service_above_its_irql_is_complained_of(void)
{
    PEPROCESS process;
    HANDLE handle = NULL;
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    CHECK(ntsim_kernel_expect("PsLookupProcessByProcessId called at IRQL 2, allowed up to 1"));
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsProcessType, KernelMode, &handle), 0);
    CHECK(ntsim_kernel_expect("ObOpenObjectByPointer called at IRQL 2"));
    ntsim_kernel_set_irql(APC_LEVEL);
    ObReferenceObject(process);
    ObDereferenceObject(process);
    CHECK_EQ(ZwClose(handle), STATUS_SUCCESS);
    CHECK(ntsim_kernel_expect("ZwClose called at IRQL 1, allowed up to 0"));
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
    ObDereferenceObject(process);
}

static void what_is_allowed_at_dispatch_level_is_not_complained_of(void)
{
    PEPROCESS process;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    CHECK_EQ(old, PASSIVE_LEVEL);
    CHECK_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    ObReferenceObject(process);
    (void)PsGetProcessId(process);
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 8, TAG), TAG);
    ObDereferenceObject(process);
    KeLowerIrql(old);
    ObDereferenceObject(process);
    CHECK_EQ(ntsim_kernel_check(), 0);
}

static void apcs_are_disabled_from_apc_level_on(void)
{
    CHECK_EQ(KeAreAllApcsDisabled(), FALSE);
    ntsim_kernel_set_irql(APC_LEVEL);
    CHECK_EQ(KeAreAllApcsDisabled(), TRUE);
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
}

static void raising_lowers_nothing(void)
{
    KIRQL old;
    KeRaiseIrql(APC_LEVEL, &old);
    KeRaiseIrql(PASSIVE_LEVEL, &old);
    CHECK(ntsim_kernel_expect("KeRaiseIrql lowers the IRQL from 1 to 0"));
    KeLowerIrql(DISPATCH_LEVEL);
    CHECK(ntsim_kernel_expect("KeLowerIrql raises the IRQL"));
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
}

static void pageable(void)
{
    PAGED_CODE();
}

static void pageable_code_at_dispatch_level_is_complained_of(void)
{
    pageable();
    ntsim_kernel_set_irql(APC_LEVEL);
    pageable();
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    pageable();
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
    CHECK_COMPLAINT("pageable is pageable code and runs at IRQL 2");
}

static void an_irql_left_raised_is_found(void)
{
    ntsim_kernel_set_irql(APC_LEVEL);
    CHECK_COMPLAINT("a host thread is at IRQL 1 at the end");
    CHECK_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void *end_raised(void *context)
{
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    return context;
}

static void a_thread_that_ends_raised_is_found(void)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, end_raised, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_COMPLAINT("at IRQL 2 as its thread ends");
}

static void a_failed_assertion_is_a_complaint(void)
{
    NT_ASSERT(KeGetCurrentIrql() == PASSIVE_LEVEL);
    NT_ASSERT(KeGetCurrentIrql() == DISPATCH_LEVEL);
    CHECK_COMPLAINT("assertion failed: KeGetCurrentIrql() == ");
}

const test_case irql_tests[] = {
    {"a service called above its IRQL is complained of", a_service_above_its_irql_is_complained_of},
    {"what is allowed at DISPATCH_LEVEL is not", what_is_allowed_at_dispatch_level_is_not_complained_of},
    {"APCs are disabled from APC_LEVEL on", apcs_are_disabled_from_apc_level_on},
    {"raising does not lower, lowering does not raise", raising_lowers_nothing},
    {"pageable code at DISPATCH_LEVEL is complained of", pageable_code_at_dispatch_level_is_complained_of},
    {"an IRQL left raised is found", an_irql_left_raised_is_found},
    {"a thread that ends at a raised IRQL is found", a_thread_that_ends_raised_is_found},
    {"a failed assertion is a complaint", a_failed_assertion_is_a_complaint},
    {NULL, NULL},
};
