/*
 * What is true in the world: what an answer is compared with.
 */
#include "trustlet_protocol.h"
#include "world.h"

const FUZZ_PROCESS *FuzzLatest(uint32_t Pid)
{
    for (uint32_t Index = FuzzWorld.ProcessCount; Index > 0; Index--)
    {
        if (FuzzWorld.Processes[Index - 1].Pid == Pid)
        {
            return &FuzzWorld.Processes[Index - 1];
        }
    }
    return NULL;
}

const FUZZ_PROCESS *FuzzEver(uint32_t Pid, uint64_t CreateTime)
{
    for (uint32_t Index = 0; Index < FuzzWorld.ProcessCount; Index++)
    {
        const FUZZ_PROCESS *Process = &FuzzWorld.Processes[Index];
        if (Process->Pid == Pid && (Process->CreateTime == CreateTime || Pid == 4))
        {
            return Process;
        }
    }
    return NULL;
}

const FUZZ_HANDLE *FuzzNamed(uint64_t Value)
{
    static FUZZ_HANDLE Own;
    if (Value == UINT64_MAX || Value == UINT64_MAX - 1)
    {
        Own = (FUZZ_HANDLE){.Value = Value,
                            .Kind = Value == UINT64_MAX ? 1 : 2,
                            .Process = (uint32_t)(FuzzLatest(FUZZ_AGENT_PID) - FuzzWorld.Processes),
                            .Tid = NTSIM_TID(FUZZ_AGENT_PID, 0),
                            .Granted = 0x1FFFFF,
                            .Open = true};
        return &Own;
    }
    for (uint32_t Index = 0; Index < FuzzWorld.HandleCount; Index++)
    {
        /* The kernel ignores the low two bits of a handle. */
        if (FuzzWorld.Handles[Index].Open && FuzzWorld.Handles[Index].Value == (Value & ~3ull))
        {
            return &FuzzWorld.Handles[Index];
        }
    }
    return NULL;
}

bool FuzzFailsSecureCall(const FUZZ_PROCESS *Process)
{
    return Process->Secure && (Process->Exiting || Process->Ended) &&
           (FuzzWorld.Variant->System.policies & NTSIM_POLICY_FAIL_DELETING_SECURE_CALL) != 0;
}

uint32_t FuzzVerdictOf(const FUZZ_PROCESS *Process)
{
    if (Process->Secure)
    {
        return FuzzFailsSecureCall(Process) ? TL_VERDICT_UNKNOWN : TL_VERDICT_SECURE;
    }
    return Process->Exiting || Process->Ended || !FuzzWorld.Variant->ClearBitCounts ? TL_VERDICT_UNKNOWN
                                                                                    : TL_VERDICT_ORDINARY;
}

const FUZZ_WORDS *FuzzWordsOfWorld(void)
{
    static uint64_t Handles[FUZZ_MOST_HANDLES + 4];
    static uint32_t Pids[FUZZ_MOST_PROCESSES + 3];
    static uint64_t Times[FUZZ_MOST_PROCESSES];
    static uint64_t Keys[FUZZ_MOST_PROCESSES];
    static FUZZ_WORDS Words = {Handles, 0, Pids, 0, Times, 0, Keys, 0};

    Handles[Words.HandleCount++] = UINT64_MAX;
    Handles[Words.HandleCount++] = UINT64_MAX - 1;
    Handles[Words.HandleCount++] = (uint64_t)(ULONG_PTR)FuzzWorld.KernelHandle;
    for (uint32_t Index = 0; Index < FuzzWorld.HandleCount; Index++)
    {
        Handles[Words.HandleCount++] = FuzzWorld.Handles[Index].Value;
    }
    for (uint32_t Index = 0; Index < FuzzWorld.ProcessCount; Index++)
    {
        const FUZZ_PROCESS *Process = &FuzzWorld.Processes[Index];
        Pids[Words.PidCount++] = Process->Pid;
        Times[Words.CreateTimeCount++] = Process->CreateTime;
        Keys[Words.StartKeyCount++] = Process->StartKey;
    }
    Pids[Words.PidCount++] = 0;
    Pids[Words.PidCount++] = FUZZ_FOREIGN_PID + 1;
    Pids[Words.PidCount++] = 5000;
    return &Words;
}
