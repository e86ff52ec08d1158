#include "pool.h"

#include "counters.h"

/* POOL_FLAG_NON_PAGED and POOL_FLAG_PAGED of ExAllocatePool2 (facts/nt.md 7.3). */
#define TL_POOL_FLAG_NON_PAGED 0x40u
#define TL_POOL_FLAG_PAGED 0x100u

static TL_EX_ALLOCATE_POOL2 *AllocatePool2;
static volatile LONG64 Blocks;

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlPoolStart(VOID)
{
    UNICODE_STRING Name;

    PAGED_CODE();
    /* Below build 19041, and in Wine, the name is absent (facts/wine.md 5). */
    RtlInitUnicodeString(&Name, L"ExAllocatePool2");
    AllocatePool2 = (TL_EX_ALLOCATE_POOL2 *)(ULONG_PTR)MmGetSystemRoutineAddress(&Name);
}

static PVOID Allocate(_In_ UINT64 Flags, _In_ POOL_TYPE Type, _In_ SIZE_T Length)
{
    PVOID Memory;

    if (AllocatePool2 != NULL)
    {
        Memory = AllocatePool2(Flags, Length, TL_POOL_TAG);
    }
    else
    {
        Memory = ExAllocatePoolWithTag(Type, Length, TL_POOL_TAG);
        if (Memory != NULL)
        {
            RtlZeroMemory(Memory, Length);
        }
    }
    if (Memory != NULL)
    {
        InterlockedIncrement64(&Blocks);
    }
    return Memory;
}

_IRQL_requires_max_(DISPATCH_LEVEL)
_Must_inspect_result_ PVOID TlAllocate(_In_ SIZE_T Length)
{
    return Allocate(TL_POOL_FLAG_NON_PAGED, NonPagedPoolNx, Length);
}

_IRQL_requires_max_(APC_LEVEL)
_Must_inspect_result_ PVOID TlAllocatePageable(_In_ SIZE_T Length)
{
    return Allocate(TL_POOL_FLAG_PAGED, PagedPool, Length);
}

_IRQL_requires_max_(DISPATCH_LEVEL)
VOID TlFree(_In_opt_ PVOID Memory)
{
    if (Memory != NULL)
    {
        ExFreePoolWithTag(Memory, TL_POOL_TAG);
        InterlockedDecrement64(&Blocks);
    }
}

UINT64 TlPoolBlocks(VOID)
{
    return TlReadCounter(&Blocks);
}
