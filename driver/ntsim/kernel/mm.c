/* Mm: the table behind MmGetSystemRoutineAddress, which knows what this build exports and what a test took away. */
#include <stdio.h>

#include "internal.h"

/* facts/nt.md 10 */
#define FIRST_BUILD_WITH_START_KEY 15063u
#define FIRST_BUILD_WITH_POOL2 19041u

typedef struct routine
{
    const char *name;
    void (*address)(void);
    uint32_t first_build;
    bool taken_away;
} routine;

#define ROUTINE(name, first_build)                                                                                     \
    {                                                                                                                  \
#name, (void (*)(void))name, first_build, false                                                                \
    }

static routine routines[] = {
    ROUTINE(ExAllocatePool2, FIRST_BUILD_WITH_POOL2),
    ROUTINE(PsGetProcessStartKey, FIRST_BUILD_WITH_START_KEY),
    ROUTINE(ExAllocatePoolWithTag, 0),
    ROUTINE(ZwQueryInformationProcess, 0),
    ROUTINE(ZwQueryInformationThread, 0),
    ROUTINE(ZwQuerySystemInformation, 0),
};

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    NTSTATUS status;
    char name[64];
    PVOID address = NULL;
    if (kernel_enter(NTSIM_MmGetSystemRoutineAddress, CALLER, &status))
        return NULL;
    if (!kernel_narrow(SystemRoutineName, name, sizeof name))
        return NULL;
    kernel_lock();
    for (size_t i = 0; i < RTL_NUMBER_OF(routines); i++)
        if (strcmp(routines[i].name, name) == 0 && !routines[i].taken_away && door_build() >= routines[i].first_build)
            address = (PVOID)(uintptr_t)routines[i].address;
    kernel_unlock();
    return address;
}

void ntsim_kernel_provide_routine(const char *name, bool provided)
{
    bool found = false;
    kernel_lock();
    for (size_t i = 0; i < RTL_NUMBER_OF(routines); i++)
        if (strcmp(routines[i].name, name) == 0)
        {
            routines[i].taken_away = !provided;
            found = true;
        }
    kernel_unlock();
    if (!found)
        kernel_complain("a test asks for routine %s, which the simulation has not", name);
}

void kernel_reset_routines(void)
{
    for (size_t i = 0; i < RTL_NUMBER_OF(routines); i++)
        routines[i].taken_away = false;
}
