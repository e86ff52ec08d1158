#include "world.h"

#include "core.h"
#include "require.h"

#define COUNT_OF(Array) ((uint32_t)(sizeof(Array) / sizeof((Array)[0])))
#define SECURE_SYSTEM (NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_HYPERVISOR | NTSIM_SYSTEM_SECURE_BIT)
#define FIRST_TIME 0x01DB400000000000u
#define FIRST_SEQUENCE 100u
/* The rest of a start key is the boot. */
#define SEQUENCE_BITS 0xFFFFFFFFFFFFu

DRIVER_INITIALIZE DriverEntry;
/* Found at run time by the driver, linked here. */
TL_PS_GET_PROCESS_START_KEY PsGetProcessStartKey;

const FUZZ_VARIANT FuzzVariants[FUZZ_VARIANTS] = {
    {"Windows 11 24H2", {.build = 26100, .bits = SECURE_SYSTEM}, true, true, true, true},
    {"Windows 10 1607 with VSM", {.build = 14393, .bits = SECURE_SYSTEM}, true, false, false, false},
    {"Windows 10 1607 without VSM", {.build = 14393}, false, false, false, true},
    {"Windows 8.1", {.build = 9600, .knows_no_ium = true}, false, false, false, true},
    {"Windows 10 1803", {.build = 17134, .bits = SECURE_SYSTEM}, true, true, false, true},
    {"Windows 11 with the other policies",
     {.build = 22631,
      .bits = SECURE_SYSTEM,
      .policies = NTSIM_POLICY_STRICT_SIZE | NTSIM_POLICY_REFUSE_TERMINATED_OPEN | NTSIM_POLICY_LIST_TERMINATED |
                  NTSIM_POLICY_FAIL_DELETING_SECURE_CALL | NTSIM_POLICY_EXACT_IDS | NTSIM_POLICY_LONGER_BUFFERS},
     true,
     true,
     true,
     true},
};

FUZZ_WORLD FuzzWorld;

/* Flags beside the two that decide: none, and all that there could be. */
#define ALL_OTHER_FLAGS 0xFFFFFF7Bu

static const ntsim_program Always[] = {
    {.pid = 400, .parent_pid = 4, .name = "smss.exe", .threads = 1},
    {.pid = 704,
     .parent_pid = 400,
     .name = "LsaIso.exe",
     .threads = 2,
     .secure = true,
     .protection = 0x62,
     .classification = 2,
     .flags = 0x41},
    {.pid = 708,
     .parent_pid = 400,
     .name = "lsass.exe",
     .threads = 1,
     .protection = 0x41,
     .flags = 0x1,
     .denied_access = 0x2B},
    {.pid = FUZZ_AGENT_PID, .parent_pid = 400, .session_id = 1, .name = "agent.exe", .threads = 2},
    {.pid = FUZZ_FOREIGN_PID,
     .parent_pid = 400,
     .session_id = 1,
     .name = "other.exe",
     .threads = 2,
     .flags = ALL_OTHER_FLAGS & 0x3F8},
    {.pid = 908, .parent_pid = 900, .name = "ending.exe", .threads = 1, .state = NTSIM_PROCESS_EXITING},
    {.pid = 912, .parent_pid = 400, .name = "bioiso.exe", .threads = 1, .secure = true, .state = NTSIM_PROCESS_EXITING},
    {.pid = 916, .parent_pid = 400, .name = "early.exe", .threads = 1, .sequence_number = NTSIM_ABSENT},
    {.pid = 920, .parent_pid = 400},
    {.pid = 1024,
     .parent_pid = 400,
     .name = "a-name-that-is-longer-than-any-image-name-should-ever-be.exe",
     .threads = 1,
     .flags = 0x8},
};

static const ntsim_program Templates[FUZZ_TEMPLATES] = {
    {.name = "notepad.exe", .threads = 1},
    {.name = "x", .threads = 2, .flags = 0x51},
    {.name = "vmsp.exe", .threads = 1, .secure = true},
    {.name = "LsaIso.exe", .threads = 1, .secure = true, .flags = 0x300, .protection = 0x62, .classification = 2},
};

static uint32_t Clock;

static HANDLE ToHandle(uint32_t Pid)
{
    return (HANDLE)(ULONG_PTR)Pid;
}

/* The program that becomes a process, with a time and a number of its own. */
static ntsim_program Stamped(const ntsim_program *Program)
{
    ntsim_program Stamped = *Program;
    Stamped.create_time = FIRST_TIME + 0x10000u * Clock;
    if (Stamped.sequence_number != NTSIM_ABSENT)
    {
        Stamped.sequence_number = FIRST_SEQUENCE + Clock;
    }
    Clock++;
    if (!FuzzWorld.Variant->HasTrustlets)
    {
        Stamped.secure = false;
    }
    return Stamped;
}

static void Remember(const ntsim_program *Program, bool HasKnownThreads)
{
    REQUIRE(FuzzWorld.ProcessCount < FUZZ_MOST_PROCESSES);
    FuzzWorld.Processes[FuzzWorld.ProcessCount++] = (FUZZ_PROCESS){
        .Pid = Program->pid,
        .Name = Program->name,
        .Threads = Program->threads,
        .Secure = Program->secure,
        .Exiting = (Program->state & NTSIM_PROCESS_EXITING) != 0,
        .HasKnownThreads = HasKnownThreads,
    };
}

static FUZZ_PROCESS *Find(uint32_t Pid)
{
    for (uint32_t Index = FuzzWorld.ProcessCount; Index > 0; Index--)
    {
        FUZZ_PROCESS *Process = &FuzzWorld.Processes[Index - 1];
        if (Process->Pid == Pid && !Process->Ended)
        {
            return Process;
        }
    }
    return NULL;
}

/*
 * Time and key as the kernel itself gives them, asked while no script makes it fail: it stamps what is started later
 * with a clock of its own.
 */
static void LearnIdentity(FUZZ_PROCESS *Process)
{
    PEPROCESS Object;
    HANDLE Handle;
    KERNEL_USER_TIMES Times;
    ULONG Returned;
    REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(ToHandle(Process->Pid), &Object)));
    REQUIRE(NT_SUCCESS(
        ObOpenObjectByPointer(Object, OBJ_KERNEL_HANDLE, NULL, 0x1000, *PsProcessType, KernelMode, &Handle)));
    REQUIRE(NT_SUCCESS(ZwQueryInformationProcess(Handle, TlProcessTimes, &Times, sizeof(Times), &Returned)));
    Process->CreateTime = (uint64_t)Times.CreateTime.QuadPart;
    if (FuzzWorld.Variant->HasStartKeys)
    {
        Process->StartKey = PsGetProcessStartKey(Object);
        Process->Sequence = Process->StartKey & SEQUENCE_BITS;
    }
    REQUIRE(NT_SUCCESS(ZwClose(Handle)));
    ObDereferenceObject(Object);
}

static void OpenKernelHandle(void)
{
    PEPROCESS Object;
    REQUIRE(NT_SUCCESS(PsLookupProcessByProcessId(ToHandle(FUZZ_FOREIGN_PID), &Object)));
    REQUIRE(NT_SUCCESS(ObOpenObjectByPointer(Object, OBJ_KERNEL_HANDLE, NULL, 0x1FFFFF, *PsProcessType, KernelMode,
                                             &FuzzWorld.KernelHandle)));
    ObDereferenceObject(Object);
}

void FuzzBoot(uint32_t Variant)
{
    ntsim_program Programs[COUNT_OF(Always)];

    memset(&FuzzWorld, 0, sizeof(FuzzWorld));
    FuzzWorld.Variant = &FuzzVariants[Variant % FUZZ_VARIANTS];
    Clock = 0;
    FuzzWorld.Processes[FuzzWorld.ProcessCount++] = (FUZZ_PROCESS){.Pid = 4, .Name = "System"};
    for (uint32_t Index = 0; Index < COUNT_OF(Always); Index++)
    {
        Programs[Index] = Stamped(&Always[Index]);
        Remember(&Programs[Index], true);
    }
    ntsim_kernel_boot(&FuzzWorld.Variant->System, Programs, COUNT_OF(Programs));
    ntsim_kernel_provide_routine("PsGetProcessStartKey", FuzzWorld.Variant->HasStartKeys);
    ntsim_kernel_provide_routine("ExAllocatePool2", FuzzWorld.Variant->HasPool2);
    for (uint32_t Index = 0; Index < FuzzWorld.ProcessCount; Index++)
    {
        LearnIdentity(&FuzzWorld.Processes[Index]);
    }
    OpenKernelHandle();
}

NTSTATUS FuzzLoadDriver(void)
{
    const NTSTATUS Status = ntsim_kernel_load_driver("trustlet", DriverEntry, &FuzzWorld.Driver);
    if (!NT_SUCCESS(Status))
    {
        FuzzWorld.Driver = NULL;
    }
    return Status;
}

/* ---- what happens ---- */

/* Who has the pid ends, even where something refers to it, so that the pid stays taken. */
static bool Replace(uint32_t Pid, uint32_t Template)
{
    if (Pid == FUZZ_AGENT_PID || Pid == FUZZ_FOREIGN_PID || Pid == 4 || Pid == 0 || Pid % 4 != 0 || Pid >= 0x10000 ||
        FuzzWorld.ProcessCount == FUZZ_MOST_PROCESSES)
    {
        return false;
    }
    ntsim_program Program = Stamped(&Templates[Template % FUZZ_TEMPLATES]);
    Program.pid = Pid;
    Program.parent_pid = 400;
    FUZZ_PROCESS *Old = Find(Pid);
    const bool Done = ntsim_kernel_reuse_pid(Pid, &Program);
    if (Old != NULL)
    {
        Old->Ended = true;
    }
    if (Done)
    {
        Remember(&Program, false);
        LearnIdentity(&FuzzWorld.Processes[FuzzWorld.ProcessCount - 1]);
    }
    return Done;
}

bool FuzzStart(uint32_t Pid, uint32_t Template)
{
    return Find(Pid) == NULL && Replace(Pid, Template);
}

bool FuzzReuse(uint32_t Pid, uint32_t Template)
{
    return Find(Pid) != NULL && Replace(Pid, Template);
}

bool FuzzExit(uint32_t Pid)
{
    FUZZ_PROCESS *Process = Find(Pid);
    if (Process == NULL || Pid == FUZZ_AGENT_PID || Pid == FUZZ_FOREIGN_PID || Pid == 4)
    {
        return false;
    }
    REQUIRE(ntsim_kernel_exit_process(Pid));
    Process->Ended = true;
    return true;
}

bool FuzzMarkExiting(uint32_t Pid)
{
    FUZZ_PROCESS *Process = Find(Pid);
    if (Process == NULL || Pid == FUZZ_AGENT_PID || Pid == 4)
    {
        return false;
    }
    Process->Exiting = ntsim_kernel_mark_exiting(Pid) || Process->Exiting;
    return true;
}

bool FuzzExitThread(uint32_t Tid)
{
    /* Not the first one of a process, and with it perhaps the last. */
    if (Tid / 4 % 4 == 0 || FuzzWorld.EndedTidCount == FUZZ_MOST_ENDED_THREADS || !ntsim_kernel_exit_thread(Tid))
    {
        return false;
    }
    FuzzWorld.EndedTids[FuzzWorld.EndedTidCount++] = Tid;
    return true;
}

bool FuzzHasThreadEnded(uint32_t Tid)
{
    for (uint32_t Index = 0; Index < FuzzWorld.EndedTidCount; Index++)
    {
        if (FuzzWorld.EndedTids[Index] == Tid)
        {
            return true;
        }
    }
    return false;
}

/* ---- the agent's handles ---- */

static FUZZ_HANDLE *NewHandle(uint32_t Kind, HANDLE Value, uint32_t Process, uint32_t Granted)
{
    for (uint32_t Index = 0; Index < FUZZ_MOST_HANDLES; Index++)
    {
        FUZZ_HANDLE *Handle = &FuzzWorld.Handles[Index];
        if (!Handle->Open)
        {
            *Handle = (FUZZ_HANDLE){.Value = (uint64_t)(ULONG_PTR)Value,
                                    .Kind = Kind,
                                    .Process = Process,
                                    .Granted = Granted,
                                    .Open = true};
            FuzzWorld.HandleCount = FuzzWorld.HandleCount > Index ? FuzzWorld.HandleCount : Index + 1;
            return Handle;
        }
    }
    fprintf(stderr, "more handles than a world holds\n");
    abort();
}

static bool IsFull(void)
{
    uint32_t Open = 0;
    for (uint32_t Index = 0; Index < FuzzWorld.HandleCount; Index++)
    {
        Open += FuzzWorld.Handles[Index].Open;
    }
    return Open == FUZZ_MOST_HANDLES;
}

/* Rights that come with others: facts/nt.md 6.1. */
static uint32_t WithImplied(uint32_t Kind, uint32_t Access)
{
    uint32_t Granted = Access;
    if (Kind == 1)
    {
        Granted |= (Access & 0x400) != 0 || (Access & 0x28) == 0x28 ? 0x1000 : 0;
        Granted |= (Access & 0x200) != 0 ? 0x2000 : 0;
        return Granted;
    }
    Granted |= (Access & 0x40) != 0 ? 0x800 : 0;
    Granted |= (Access & 0x20) != 0 ? 0x400 : 0;
    return Granted | ((Access & 0x2) != 0 ? 0x1000 : 0);
}

void FuzzOpenProcess(uint32_t Pid, uint32_t Access)
{
    HANDLE Value;
    /* One that has ended can still be opened while something refers to it. */
    const FUZZ_PROCESS *Process = FuzzLatest(Pid);
    if (!IsFull() && NT_SUCCESS(ntsim_kernel_open_process(Pid, Access, &Value)))
    {
        REQUIRE(Process != NULL);
        NewHandle(1, Value, (uint32_t)(Process - FuzzWorld.Processes), WithImplied(1, Access));
    }
}

void FuzzOpenThread(uint32_t Tid, uint32_t Access)
{
    HANDLE Value;
    const FUZZ_PROCESS *Process = FuzzLatest(((Tid - 0x100000u) / 16u) & ~3u);
    if (!IsFull() && Process != NULL && Process->HasKnownThreads &&
        NT_SUCCESS(ntsim_kernel_open_thread(Tid, Access, &Value)))
    {
        NewHandle(2, Value, (uint32_t)(Process - FuzzWorld.Processes), WithImplied(2, Access))->Tid = Tid;
    }
}

void FuzzCloseHandle(uint32_t Slot)
{
    if (Slot < FuzzWorld.HandleCount && FuzzWorld.Handles[Slot].Open)
    {
        REQUIRE(NT_SUCCESS(ntsim_kernel_close((HANDLE)(ULONG_PTR)FuzzWorld.Handles[Slot].Value)));
        FuzzWorld.Handles[Slot].Open = false;
    }
}

void FuzzEnterAgent(void)
{
    REQUIRE(ntsim_kernel_attach(FUZZ_AGENT_PID, 0, UserMode));
    FuzzOpenProcess(FUZZ_FOREIGN_PID, 0x1FFFFF);
    FuzzOpenProcess(FUZZ_FOREIGN_PID, 0x10);
    FuzzOpenProcess(704, 0x1FFFFF);
    FuzzOpenProcess(704, 0x1000);
    FuzzOpenProcess(708, 0x1000);
    FuzzOpenProcess(908, 0x1FFFFF);
    FuzzOpenProcess(912, 0x1FFFFF);
    FuzzOpenProcess(916, 0x1FFFFF);
    FuzzOpenProcess(1024, 0x1FFFFF);
    FuzzOpenThread(NTSIM_TID(FUZZ_FOREIGN_PID, 0), 0x1FFFFF);
    FuzzOpenThread(NTSIM_TID(FUZZ_FOREIGN_PID, 1), 0x1FFFFF);
    FuzzOpenThread(NTSIM_TID(704, 0), 0x1FFFFF);
    FuzzOpenThread(NTSIM_TID(704, 1), 0x800);
    FuzzOpenThread(NTSIM_TID(1024, 0), 0x2);
    FuzzExitThread(NTSIM_TID(FUZZ_FOREIGN_PID, 1));
}

void FuzzShutDown(void)
{
    ntsim_kernel_clear_script();
    for (uint32_t Slot = 0; Slot < FuzzWorld.HandleCount; Slot++)
    {
        FuzzCloseHandle(Slot);
    }
    REQUIRE(NT_SUCCESS(ZwClose(FuzzWorld.KernelHandle)));
    if (FuzzWorld.Driver != NULL)
    {
        REQUIRE_EQUAL((uint32_t)ntsim_kernel_unload_driver(FuzzWorld.Driver), 0);
    }
    REQUIRE_EQUAL(ntsim_kernel_check(), 0);
    ntsim_kernel_shutdown();
}
