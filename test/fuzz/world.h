/*
 * The world the driver is asked about: a simulated machine, and the truth about it, kept apart from the driver so that
 * every answer can be compared. The truth of a process never changes: who has a pid does.
 */
#pragma once

#include "kernel.h"

#include "grammar.h"

#define FUZZ_MOST_PROCESSES 64u
#define FUZZ_MOST_HANDLES 48u
#define FUZZ_MOST_ENDED_THREADS 16u
#define FUZZ_AGENT_PID 900u
/* Where requests of another context are dispatched. */
#define FUZZ_FOREIGN_PID 904u

/* What a machine is. The first is today's Windows; the others are what older ones, and Wine, leave out. */
typedef struct _FUZZ_VARIANT
{
    const char *Name;
    ntsim_system System;
    bool HasTrustlets;
    bool HasStartKeys;
    bool HasPool2;
    /* A clear bit means ordinary. */
    bool ClearBitCounts;
} FUZZ_VARIANT;

#define FUZZ_VARIANTS 6u
extern const FUZZ_VARIANT FuzzVariants[FUZZ_VARIANTS];

typedef struct _FUZZ_PROCESS
{
    uint32_t Pid;
    uint64_t CreateTime;
    /* 0: none. */
    uint64_t StartKey;
    uint64_t Sequence;
    const char *Name;
    uint32_t Threads;
    bool Secure;
    bool Exiting;
    bool Ended;
    /* Its threads have the ids of NTSIM_TID. */
    bool HasKnownThreads;
} FUZZ_PROCESS;

typedef struct _FUZZ_HANDLE
{
    uint64_t Value;
    /* 1 process, 2 thread, 0 neither. */
    uint32_t Kind;
    uint32_t Process;
    uint32_t Tid;
    uint32_t Granted;
    bool Open;
} FUZZ_HANDLE;

typedef struct _FUZZ_WORLD
{
    const FUZZ_VARIANT *Variant;
    FUZZ_PROCESS Processes[FUZZ_MOST_PROCESSES];
    uint32_t ProcessCount;
    FUZZ_HANDLE Handles[FUZZ_MOST_HANDLES];
    uint32_t HandleCount;
    uint32_t EndedTids[FUZZ_MOST_ENDED_THREADS];
    uint32_t EndedTidCount;
    PDRIVER_OBJECT Driver;
    /* An open handle of the kernel, which no client may ever reach. */
    HANDLE KernelHandle;
    /* Something happens or fails during the request: answers may be poorer, but never wrong. */
    bool Disturbed;
    /* The kernel lies about times and the list: records are compared by pid alone. */
    bool Lied;
    /* The last process list that the driver was given contradicts itself: no census may come of it. */
    bool ListIsBroken;
} FUZZ_WORLD;

extern FUZZ_WORLD FuzzWorld;

/* \brief Boots a variant, with the processes that are always there; the driver is not loaded yet. */
void FuzzBoot(uint32_t Variant);

/* \brief Loads the driver. \return its status. */
NTSTATUS FuzzLoadDriver(void);

/* \brief Becomes the agent, with the handles that it always has. */
void FuzzEnterAgent(void);

/* \brief Closes everything, unloads, and requires that nothing is left and no rule of the kernel was broken. */
void FuzzShutDown(void);

/* ---- what happens ---- */

/* Templates of processes that can be started; the first FUZZ_TEMPLATES / 2 are no trustlets. */
#define FUZZ_TEMPLATES 4u

bool FuzzExit(uint32_t Pid);
bool FuzzExitThread(uint32_t Tid);
bool FuzzMarkExiting(uint32_t Pid);
bool FuzzStart(uint32_t Pid, uint32_t Template);
bool FuzzReuse(uint32_t Pid, uint32_t Template);
/* The agent opens and closes. Access is one of a few that matter. */
void FuzzOpenProcess(uint32_t Pid, uint32_t Access);
void FuzzOpenThread(uint32_t Tid, uint32_t Access);
void FuzzCloseHandle(uint32_t Slot);

/* ---- the truth ---- */

/* \return who has a pid now, or had it last; NULL if nobody ever. */
const FUZZ_PROCESS *FuzzLatest(uint32_t Pid);
/* \return whether the thread has ended by itself; a process's end ends its threads. */
bool FuzzHasThreadEnded(uint32_t Tid);
/* \return who had a pid from a time on, NULL if nobody ever. System is System at any time. */
const FUZZ_PROCESS *FuzzEver(uint32_t Pid, uint64_t CreateTime);
/* \return what a handle value names, NULL if it is none. Pseudo-handles name the agent and its thread. */
const FUZZ_HANDLE *FuzzNamed(uint64_t Value);
/* \return whether the kernel cannot answer about a trustlet that is being deleted (facts/nt.md 1.3, a policy). */
bool FuzzFailsSecureCall(const FUZZ_PROCESS *Process);
/* \return 0 unknown, 1 ordinary, 2 secure: what an undisturbed answer must say. */
uint32_t FuzzVerdictOf(const FUZZ_PROCESS *Process);

/* \return handles, pids, times and keys of the world after FuzzBoot and FuzzEnterAgent, for the mutator. */
const FUZZ_WORDS *FuzzWordsOfWorld(void);
