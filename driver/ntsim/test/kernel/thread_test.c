/* Many host threads at once: what the thread sanitizer watches. */
#include <pthread.h>

#include "mini_driver.h"

#define THREADS 6u
#define ROUNDS 100u

static int failures; /* atomic */

#define REQUIRE(condition)                                                                                             \
    do                                                                                                                 \
    {                                                                                                                  \
        if (!(condition))                                                                                              \
            (void)__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);                                                  \
    } while (0)

static void *use_everything(void *context)
{
    const uint32_t pid = *(const uint32_t *)context;
    unsigned char bytes[16] = {0};
    ULONG_PTR information;
    REQUIRE(ntsim_kernel_attach(pid, 0, UserMode));
    for (unsigned i = 0; i < ROUNDS; i++)
    {
        HANDLE file, process;
        PEPROCESS other;
        REQUIRE(NT_SUCCESS(ntsim_kernel_open("\\\\.\\Mini", GENERIC_READ, &file)));
        REQUIRE(NT_SUCCESS(ntsim_kernel_ioctl(file, MINI_ECHO, bytes, 8, bytes, 16, &information)));
        REQUIRE(NT_SUCCESS(ntsim_kernel_ioctl(file, MINI_ALLOCATE, NULL, 0, NULL, 0, &information)));
        REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(PID(LSAISO_PID), &other)));
        REQUIRE(NT_SUCCESS(
            ObOpenObjectByPointer(other, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsProcessType, KernelMode, &process)));
        ObDereferenceObject(other);
        REQUIRE(NT_SUCCESS(ZwClose(process)));
        ntsim_kernel_cancel_requests(AGENT_PID);
        REQUIRE(NT_SUCCESS(ntsim_kernel_close(file)));
    }
    return NULL;
}

static void threads_use_everything_at_once(void)
{
    static const uint32_t pids[] = {AGENT_PID, NOTEPAD_PID};
    pthread_t threads[THREADS];
    PDRIVER_OBJECT driver;
    mini_mistake_made = MINI_NONE;
    __atomic_store_n(&failures, 0, __ATOMIC_RELAXED);
    CHECK_EQ(mini_load(&driver), STATUS_SUCCESS);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, use_everything, (void *)(uintptr_t)&pids[i % 2]), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
    {
        const ntsim_program program = {.pid = 7000, .name = "short.exe", .threads = 1};
        CHECK(ntsim_kernel_start_process(&program));
        CHECK(ntsim_kernel_exit_process(7000));
    }
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(__atomic_load_n(&failures, __ATOMIC_RELAXED), 0);
    CHECK_EQ(ntsim_kernel_unload_driver(driver), STATUS_SUCCESS);
}

const test_case thread_tests[] = {
    {"threads use everything at once", threads_use_everything_at_once},
    {NULL, NULL},
};
