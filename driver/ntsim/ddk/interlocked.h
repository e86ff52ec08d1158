/* Interlocked operations, full barriers as on Windows; and the lists, which have no barriers at all. */
#ifndef TRUSTLET_NTSIM_DDK_INTERLOCKED_H
#define TRUSTLET_NTSIM_DDK_INTERLOCKED_H

#include "ntdef.h"

#define NTSIM_INTERLOCKED(type, suffix)                                                                                \
    FORCEINLINE type InterlockedIncrement##suffix(type volatile *Addend)                                               \
    {                                                                                                                  \
        return __atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST);                                                        \
    }                                                                                                                  \
    FORCEINLINE type InterlockedDecrement##suffix(type volatile *Addend)                                               \
    {                                                                                                                  \
        return __atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST);                                                        \
    }                                                                                                                  \
    FORCEINLINE type InterlockedExchangeAdd##suffix(type volatile *Addend, type Value)                                 \
    {                                                                                                                  \
        return __atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);                                                    \
    }                                                                                                                  \
    FORCEINLINE type InterlockedAdd##suffix(type volatile *Addend, type Value)                                         \
    {                                                                                                                  \
        return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST);                                                    \
    }                                                                                                                  \
    FORCEINLINE type InterlockedExchange##suffix(type volatile *Target, type Value)                                    \
    {                                                                                                                  \
        return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);                                                   \
    }                                                                                                                  \
    FORCEINLINE type InterlockedOr##suffix(type volatile *Target, type Value)                                          \
    {                                                                                                                  \
        return __atomic_fetch_or(Target, Value, __ATOMIC_SEQ_CST);                                                     \
    }                                                                                                                  \
    FORCEINLINE type InterlockedAnd##suffix(type volatile *Target, type Value)                                         \
    {                                                                                                                  \
        return __atomic_fetch_and(Target, Value, __ATOMIC_SEQ_CST);                                                    \
    }                                                                                                                  \
    FORCEINLINE type InterlockedCompareExchange##suffix(type volatile *Target, type Value, type Comparand)             \
    {                                                                                                                  \
        (void)__atomic_compare_exchange_n(Target, &Comparand, Value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);           \
        return Comparand;                                                                                              \
    }

NTSIM_INTERLOCKED(LONG, )
NTSIM_INTERLOCKED(LONG64, 64)
#undef NTSIM_INTERLOCKED

FORCEINLINE PVOID InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE PVOID InterlockedCompareExchangePointer(PVOID volatile *Target, PVOID Value, PVOID Comparand)
{
    (void)__atomic_compare_exchange_n(Target, &Comparand, Value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comparand;
}

/*
 * A plain read of a variable that another processor changes is a data race in C11, and the thread sanitizer says so; on
 * Windows these functions are the way to say that it is meant.
 */
#define NTSIM_ATOMIC_ACCESS(type, suffix)                                                                              \
    FORCEINLINE type Read##suffix##NoFence(type const volatile *Source)                                                \
    {                                                                                                                  \
        return __atomic_load_n(Source, __ATOMIC_RELAXED);                                                              \
    }                                                                                                                  \
    FORCEINLINE type Read##suffix##Acquire(type const volatile *Source)                                                \
    {                                                                                                                  \
        return __atomic_load_n(Source, __ATOMIC_ACQUIRE);                                                              \
    }                                                                                                                  \
    FORCEINLINE VOID Write##suffix##NoFence(type volatile *Destination, type Value)                                    \
    {                                                                                                                  \
        __atomic_store_n(Destination, Value, __ATOMIC_RELAXED);                                                        \
    }                                                                                                                  \
    FORCEINLINE VOID Write##suffix##Release(type volatile *Destination, type Value)                                    \
    {                                                                                                                  \
        __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);                                                        \
    }

NTSIM_ATOMIC_ACCESS(UCHAR, UChar)
NTSIM_ATOMIC_ACCESS(BOOLEAN, Boolean)
NTSIM_ATOMIC_ACCESS(ULONG, ULong)
NTSIM_ATOMIC_ACCESS(ULONG64, ULong64)
NTSIM_ATOMIC_ACCESS(PVOID, Pointer)
#undef NTSIM_ATOMIC_ACCESS

/* The WDK's names for LONG and LONG64 end in nothing and in 64. */
FORCEINLINE LONG ReadNoFence(LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE LONG ReadAcquire(LONG const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE VOID WriteRelease(LONG volatile *Destination, LONG Value)
{
    __atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE LONG64 ReadNoFence64(LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE LONG64 ReadAcquire64(LONG64 const volatile *Source)
{
    return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE VOID MemoryBarrier(VOID)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
#define KeMemoryBarrier MemoryBarrier

FORCEINLINE VOID InitializeListHead(PLIST_ENTRY ListHead)
{
    ListHead->Flink = ListHead;
    ListHead->Blink = ListHead;
}

FORCEINLINE BOOLEAN IsListEmpty(const LIST_ENTRY *ListHead)
{
    return ListHead->Flink == ListHead;
}

/* Windows stops at a corrupt list (FAST_FAIL_CORRUPT_LIST_ENTRY); so does this. */
FORCEINLINE VOID NtsimCheckListEntry(const LIST_ENTRY *Entry)
{
    if (Entry->Flink->Blink != Entry || Entry->Blink->Flink != Entry)
        __builtin_trap();
}

FORCEINLINE BOOLEAN RemoveEntryList(PLIST_ENTRY Entry)
{
    NtsimCheckListEntry(Entry);
    PLIST_ENTRY Flink = Entry->Flink;
    PLIST_ENTRY Blink = Entry->Blink;
    Blink->Flink = Flink;
    Flink->Blink = Blink;
    return Flink == Blink;
}

FORCEINLINE VOID InsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    NtsimCheckListEntry(ListHead);
    PLIST_ENTRY Blink = ListHead->Blink;
    Entry->Flink = ListHead;
    Entry->Blink = Blink;
    Blink->Flink = Entry;
    ListHead->Blink = Entry;
}

FORCEINLINE VOID InsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    NtsimCheckListEntry(ListHead);
    PLIST_ENTRY Flink = ListHead->Flink;
    Entry->Flink = Flink;
    Entry->Blink = ListHead;
    Flink->Blink = Entry;
    ListHead->Flink = Entry;
}

FORCEINLINE PLIST_ENTRY RemoveHeadList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY Entry = ListHead->Flink;
    (void)RemoveEntryList(Entry);
    return Entry;
}

FORCEINLINE PLIST_ENTRY RemoveTailList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY Entry = ListHead->Blink;
    (void)RemoveEntryList(Entry);
    return Entry;
}

#endif
