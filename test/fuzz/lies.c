#include "lies.h"

#include "kernel.h"
#include "nt.h"

#include "bytes.h"
#include "world.h"

NTSTATUS __real_ZwQueryInformationProcess(HANDLE Handle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length,
                                          PULONG Returned);
NTSTATUS __real_ZwQueryInformationThread(HANDLE Handle, THREADINFOCLASS Class, PVOID Buffer, ULONG Length,
                                         PULONG Returned);
NTSTATUS __real_ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned);
NTSTATUS __wrap_ZwQueryInformationProcess(HANDLE Handle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length,
                                          PULONG Returned);
NTSTATUS __wrap_ZwQueryInformationThread(HANDLE Handle, THREADINFOCLASS Class, PVOID Buffer, ULONG Length,
                                         PULONG Returned);
NTSTATUS __wrap_ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned);

enum
{
    ABOUT_PROCESSES,
    ABOUT_THE_SYSTEM,
    ABOUT_THREADS,
    SUBJECTS
};

static struct
{
    bool Told;
    uint8_t Subject;
    uint8_t Nth;
    uint8_t How;
    uint16_t Where;
    /* How often the list has grown: a few times, since for ever ends with hundreds of megabytes (one How does that). */
    uint8_t Growths;
} Lie;

void FuzzLie(uint8_t Which, uint8_t Nth, uint8_t How, uint16_t Where)
{
    Lie.Told = true;
    Lie.Subject = Which % SUBJECTS;
    Lie.Nth = Nth;
    Lie.How = How;
    Lie.Where = Where;
    Lie.Growths = 0;
}

void FuzzTellTheTruth(void)
{
    Lie.Told = false;
}

/* \return whether this very call lies. */
static bool IsLie(uint8_t Subject)
{
    if (!Lie.Told || Lie.Subject != Subject)
    {
        return false;
    }
    if (Lie.Nth == 0)
    {
        return true;
    }
    Lie.Told = --Lie.Nth > 0;
    return !Lie.Told;
}

/* Answers that were never written, wholly or in part. \return true if this is one, with its status. */
static bool Silent(ULONG Length, PULONG Returned, NTSTATUS *Status)
{
    static const NTSTATUS Claims[] = {STATUS_SUCCESS, STATUS_SUCCESS, STATUS_PENDING, (NTSTATUS)0x40000000};
    if (Lie.How % 8 >= 4)
    {
        return false;
    }
    *Returned = Lie.How % 8 == 1 ? Length : 0;
    *Status = Claims[Lie.How % 8];
    return true;
}

NTSTATUS __wrap_ZwQueryInformationProcess(HANDLE Handle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length,
                                          PULONG Returned)
{
    NTSTATUS Status;
    if (!IsLie(ABOUT_PROCESSES))
    {
        return __real_ZwQueryInformationProcess(Handle, Class, Buffer, Length, Returned);
    }
    if (Silent(Length, Returned, &Status))
    {
        return Status;
    }
    Status = __real_ZwQueryInformationProcess(Handle, Class, Buffer, Length, Returned);
    switch (Lie.How % 8)
    {
    case 4:
        *Returned -= *Returned < 16 ? 0 : 16;
        return Status;
    case 5:
        /* The shorter structure, as an older kernel would write it. */
        if (Length == 64 && Status == STATUS_SUCCESS)
        {
            FuzzPut(Buffer, 0, 8, 48);
        }
        return Status;
    case 6:
        return Status == STATUS_SUCCESS ? STATUS_PENDING : Status;
    default:
        *Returned = Length + Lie.Where;
        return Status;
    }
}

NTSTATUS __wrap_ZwQueryInformationThread(HANDLE Handle, THREADINFOCLASS Class, PVOID Buffer, ULONG Length,
                                         PULONG Returned)
{
    NTSTATUS Status;
    if (!IsLie(ABOUT_THREADS))
    {
        return __real_ZwQueryInformationThread(Handle, Class, Buffer, Length, Returned);
    }
    if (Silent(Length, Returned, &Status))
    {
        return Status;
    }
    Status = __real_ZwQueryInformationThread(Handle, Class, Buffer, Length, Returned);
    return Status == STATUS_SUCCESS ? (NTSTATUS)STATUS_UNSUCCESSFUL : Status;
}

/* The start of the entry at a place, or of the last one. */
static uint32_t EntryNear(const uint8_t *List, uint32_t Place)
{
    uint32_t Offset = 0;
    while (FuzzGet32(List, Offset) != 0 && Offset + FuzzGet32(List, Offset) <= Place)
    {
        Offset += FuzzGet32(List, Offset);
    }
    return Offset;
}

/* A list with one wrong number in it, or of another length than it has. */
static void Damage(uint8_t *List, PULONG Returned)
{
    static const uint32_t Steps[] = {0, 8, 255, 256, 264, 0x7FFFFFF8, 0xFFFFFFF8, 0x20000};
    const uint32_t Entry = EntryNear(List, Lie.Where % *Returned);
    switch (Lie.How / 8 % 8)
    {
    case 0:
        *Returned = Lie.Where % *Returned;
        break;
    case 1:
        FuzzPut(List, Entry, 4, Steps[Lie.Where % 8]);
        break;
    case 2:
        FuzzPut(List, Entry, 4, FuzzGet32(List, Entry) ^ 4u);
        break;
    case 3: /* number of threads */
        FuzzPut(List, Entry + 4, 4, Lie.Where % 2 == 0 ? 0xFFFFFFFFu : FuzzGet32(List, Entry + 4) + 1);
        break;
    case 4: /* length of the name */
        FuzzPut(List, Entry + 56, 2, Lie.Where % 3 == 0 ? 0xFFFE : FuzzGet16(List, Entry + 56) + 1u);
        break;
    case 5: /* where the name is */
        FuzzPut(List, Entry + 64, 8, Lie.Where % 2 == 0 ? 16 : (ULONG_PTR)List + *Returned - Lie.Where % 4);
        break;
    case 6: /* create time */
        FuzzPut(List, Entry + 32, 8, Lie.Where);
        break;
    default: /* the last entry is cut off, at about the end of its fixed part */
        *Returned = EntryNear(List, *Returned) + 253 + Lie.Where % 6;
        break;
    }
}

/* Does every entry lie in the list whole, and lead to the next? A length of 0, or beyond the buffer, is the buffer's.
 */
static bool IsBroken(const uint8_t *List, uint32_t Length, uint32_t Returned)
{
    const uint32_t End = Returned == 0 || Returned > Length ? Length : Returned;
    uint32_t Offset = 0;
    for (;;)
    {
        if (End - Offset < 256)
        {
            return true;
        }
        const uint32_t Step = FuzzGet32(List, Offset);
        if (Step == 0)
        {
            return false;
        }
        if (Step < 256 || Step >= End - Offset)
        {
            return true;
        }
        Offset += Step;
    }
}

NTSTATUS __wrap_ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    NTSTATUS Status;
    if (!IsLie(ABOUT_THE_SYSTEM))
    {
        return __real_ZwQuerySystemInformation(Class, Buffer, Length, Returned);
    }
    if (Silent(Length, Returned, &Status))
    {
        return Status;
    }
    Status = __real_ZwQuerySystemInformation(Class, Buffer, Length, Returned);
    if (Status == STATUS_SUCCESS && Class == TlSystemProcessInformation && *Returned > 0)
    {
        if (Lie.How % 8 == 7 && (Lie.How == UINT8_MAX || Lie.Growths++ < 3))
        {
            /* Longer every time, in vain. */
            *Returned = Lie.Where % 4 == 0 ? 0x30000000u : Length + Lie.Where;
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Damage(Buffer, Returned);
        FuzzWorld.ListIsBroken = IsBroken(Buffer, Length, *Returned);
    }
    return Status;
}
