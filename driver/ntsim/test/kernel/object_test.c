/* References to processes and threads. */
#include "cases.h"

static void a_lookup_takes_a_reference(void)
{
    PEPROCESS process;
    PETHREAD thread;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetProcessId(process), NOTEPAD_PID);
    ObDereferenceObject(process);
    CHECK_EQ(PsLookupThreadByThreadId(PID(NTSIM_TID(NOTEPAD_PID, 1)), &thread), STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetThreadId(thread), NTSIM_TID(NOTEPAD_PID, 1));
    CHECK_EQ((uintptr_t)PsGetThreadProcessId(thread), NOTEPAD_PID);
    ObDereferenceObject(thread);
}

static void ids_are_looked_up_as_windows_does(void)
{
    PEPROCESS process = NULL;
    CHECK_EQ(PsLookupProcessByProcessId(PID(5000), &process), STATUS_INVALID_CID);
    CHECK_EQ(PsLookupProcessByProcessId(PID(0), &process), STATUS_INVALID_CID);
    CHECK_EQ(PsLookupProcessByProcessId(PID(NTSIM_TID(NOTEPAD_PID, 0)), &process), STATUS_INVALID_CID);
    CHECK(process == NULL);
    /* The low two bits do not count. */
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID + 3), &process), STATUS_SUCCESS);
    CHECK_EQ((uintptr_t)PsGetProcessId(process), NOTEPAD_PID);
    ObDereferenceObject(process);
}

static void a_reference_that_is_kept_is_a_leak(void)
{
    PEPROCESS process;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    ObReferenceObject(process);
    CHECK_COMPLAINT("leaked reference: process 3000 has 2");
}

static void a_reference_is_given_back_once(void)
{
    PEPROCESS process;
    PEPROCESS again;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &again), STATUS_SUCCESS);
    CHECK(process == again);
    ObDereferenceObject(process);
    ObDereferenceObject(process);
    ObDereferenceObject(process);
    CHECK_COMPLAINT("which is no live object");
    ntsim_kernel_attach(NOTEPAD_PID, 0, UserMode); /* keeps the object, but gives no reference */
    ObDereferenceObject(PsGetCurrentProcess());
    ntsim_kernel_detach();
    CHECK_COMPLAINT("ObDereferenceObject of process 3000 without a reference");
}

static void a_pointer_that_is_no_object_is_complained_of(void)
{
    PEPROCESS process;
    PETHREAD thread;
    HANDLE handle;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    ObDereferenceObject(process);
    CHECK(PsGetProcessId(process) == NULL);
    CHECK_COMPLAINT("PsGetProcessId of");
    ObReferenceObject(process);
    CHECK_COMPLAINT("ObReferenceObject of");
    CHECK_EQ(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, 0x1000, NULL, KernelMode, &handle),
             STATUS_INVALID_PARAMETER);
    CHECK_COMPLAINT("ObOpenObjectByPointer of");
    CHECK_EQ(PsLookupThreadByThreadId(PID(NTSIM_TID(NOTEPAD_PID, 0)), &thread), STATUS_SUCCESS);
    CHECK(PsGetProcessId((PEPROCESS)(void *)thread) == NULL);
    CHECK_COMPLAINT("no live process");
    ObDereferenceObject(thread);
}

MISTAKEN static void scribble(void *object)
{
    *(volatile unsigned char *)object = 1;
}

static void a_write_to_an_object_that_went_is_seen(void)
{
    PEPROCESS process;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    ObDereferenceObject(process);
    scribble(process);
    ntsim_kernel_shutdown();
    CHECK_COMPLAINT("a process object was written to after it went");
    boot();
}

static void a_referenced_process_keeps_its_pid(void)
{
    const ntsim_program other = {.pid = NOTEPAD_PID, .name = "other.exe", .threads = 1};
    PEPROCESS process;
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    CHECK(!ntsim_kernel_reuse_pid(NOTEPAD_PID, &other));
    CHECK_EQ((uintptr_t)PsGetProcessId(process), NOTEPAD_PID);
    ObDereferenceObject(process);
    CHECK(ntsim_kernel_reuse_pid(NOTEPAD_PID, &other));
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_SUCCESS);
    ObDereferenceObject(process);
    CHECK(ntsim_kernel_exit_process(NOTEPAD_PID));
    CHECK_EQ(PsLookupProcessByProcessId(PID(NOTEPAD_PID), &process), STATUS_INVALID_CID);
    CHECK(!ntsim_kernel_exit_process(NOTEPAD_PID));
    CHECK(ntsim_kernel_start_process(&other));
    CHECK(!ntsim_kernel_start_process(&other));
    CHECK(ntsim_kernel_thread_of(NOTEPAD_PID, 0) != 0);
    CHECK_EQ(ntsim_kernel_thread_of(NOTEPAD_PID, 1), 0);
}

static void a_host_thread_is_of_the_process_it_is_attached_to(void)
{
    CHECK_EQ((uintptr_t)PsGetCurrentProcessId(), 4);
    CHECK(ntsim_kernel_attach(AGENT_PID, NTSIM_TID(AGENT_PID, 1), UserMode));
    CHECK_EQ((uintptr_t)PsGetCurrentProcessId(), AGENT_PID);
    CHECK_EQ((uintptr_t)PsGetCurrentThreadId(), NTSIM_TID(AGENT_PID, 1));
    CHECK_EQ((uintptr_t)PsGetProcessId(PsGetCurrentProcess()), AGENT_PID);
    CHECK_EQ((uintptr_t)PsGetThreadId(PsGetCurrentThread()), NTSIM_TID(AGENT_PID, 1));
    CHECK(!ntsim_kernel_attach(AGENT_PID, NTSIM_TID(NOTEPAD_PID, 0), UserMode));
    CHECK(!ntsim_kernel_attach(5000, 0, UserMode));
    CHECK_EQ((uintptr_t)PsGetCurrentProcessId(), 4);
}

const test_case object_tests[] = {
    {"a lookup takes a reference", a_lookup_takes_a_reference},
    {"ids are looked up as Windows does: low bits ignored, no Idle, STATUS_INVALID_CID",
     ids_are_looked_up_as_windows_does},
    {"a reference that is kept is a leak", a_reference_that_is_kept_is_a_leak},
    {"a reference is given back once", a_reference_is_given_back_once},
    {"a pointer that is no object, or none any more, is complained of", a_pointer_that_is_no_object_is_complained_of},
    {"a write to an object that went is seen", a_write_to_an_object_that_went_is_seen},
    {"a referenced process keeps its pid from being used again", a_referenced_process_keeps_its_pid},
    {"a host thread is of the process it is attached to, else of System",
     a_host_thread_is_of_the_process_it_is_attached_to},
    {NULL, NULL},
};
