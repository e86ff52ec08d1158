/* Ke: IRQL and spin locks. A lock holds the number of the host thread that has it, 0 when it is free. */
#include <sched.h>
#include <time.h>

#include "internal.h"

#define PATIENCE_SECONDS 10

KIRQL KeGetCurrentIrql(VOID)
{
    return kernel_this_thread()->irql;
}

BOOLEAN KeAreAllApcsDisabled(VOID)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_KeAreAllApcsDisabled, CALLER, &status);
    return kernel_this_thread()->irql >= APC_LEVEL;
}

VOID KeEnterCriticalRegion(VOID)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_KeEnterCriticalRegion, CALLER, &status);
    kernel_this_thread()->critical_regions++;
}

VOID KeLeaveCriticalRegion(VOID)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_KeLeaveCriticalRegion, CALLER, &status);
    kernel_host_thread *host = kernel_this_thread();
    if (host->critical_regions == 0)
        kernel_complain("KeLeaveCriticalRegion in no critical region");
    else
        host->critical_regions--;
}

unsigned ntsim_kernel_critical_regions(void)
{
    return kernel_this_thread()->critical_regions;
}

KIRQL KfRaiseIrql(KIRQL NewIrql)
{
    kernel_host_thread *host = kernel_this_thread();
    const KIRQL old = host->irql;
    if (NewIrql < old)
        kernel_complain("KeRaiseIrql lowers the IRQL from %u to %u", old, NewIrql);
    host->irql = NewIrql;
    return old;
}

VOID KeLowerIrql(KIRQL NewIrql)
{
    kernel_host_thread *host = kernel_this_thread();
    if (NewIrql > host->irql)
        kernel_complain("KeLowerIrql raises the IRQL from %u to %u", host->irql, NewIrql);
    host->irql = NewIrql;
}

VOID NtsimPagedCode(const char *Function)
{
    const KIRQL irql = kernel_this_thread()->irql;
    if (irql > APC_LEVEL)
        kernel_complain("%s is pageable code and runs at IRQL %u", Function, irql);
}

VOID NtsimAssertionFailed(const char *Expression, const char *File, ULONG Line)
{
    kernel_complain("assertion failed: %s at %s:%u", Expression, File, Line);
}

static bool take(PKSPIN_LOCK lock, ULONG_PTR number, ULONG_PTR *holder)
{
    *holder = 0;
    return __atomic_compare_exchange_n(lock, holder, number, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    NTSTATUS status;
    char where[160];
    (void)kernel_enter(NTSIM_KeAcquireSpinLockRaiseToDpc, CALLER, &status);
    kernel_host_thread *host = kernel_this_thread();
    const KIRQL old_irql = host->irql;
    const time_t start = time(NULL);
    ULONG_PTR holder;
    while (!take(SpinLock, host->number, &holder))
    {
        if (holder == host->number)
        {
            kernel_complain("spin lock %p acquired twice by one thread, from %s", (void *)SpinLock,
                            kernel_describe_site(CALLER, where));
            break;
        }
        if (holder % 2 == 0 || time(NULL) - start > PATIENCE_SECONDS)
        {
            kernel_complain("spin lock %p is %s, from %s", (void *)SpinLock,
                            holder % 2 == 0 ? "not initialized" : "never released by its holder",
                            kernel_describe_site(CALLER, where));
            __atomic_store_n(SpinLock, host->number, __ATOMIC_RELEASE);
            break;
        }
        (void)sched_yield();
    }
    if (host->held_count < KERNEL_MAX_HELD_LOCKS)
        host->held[host->held_count++] = (kernel_held_lock){SpinLock, CALLER, old_irql};
    else
        kernel_complain("more than %u spin locks held by one thread", KERNEL_MAX_HELD_LOCKS);
    host->irql = old_irql > DISPATCH_LEVEL ? old_irql : DISPATCH_LEVEL;
    return old_irql;
}

/* Takes the newest hold of a lock off the thread's list; true if it still holds the lock another time. */
static bool drop(kernel_host_thread *host, PKSPIN_LOCK lock, kernel_held_lock *dropped)
{
    bool again = false;
    *dropped = (kernel_held_lock){NULL, NULL, 0};
    for (unsigned i = host->held_count; i-- != 0;)
    {
        if (host->held[i].lock != lock)
            continue;
        if (dropped->lock != NULL)
        {
            again = true;
            continue;
        }
        *dropped = host->held[i];
        memmove(&host->held[i], &host->held[i + 1], (host->held_count - i - 1) * sizeof host->held[0]);
        host->held_count--;
    }
    return again;
}

VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    NTSTATUS status;
    char where[160];
    kernel_held_lock held;
    (void)kernel_enter(NTSIM_KeReleaseSpinLock, CALLER, &status);
    kernel_host_thread *host = kernel_this_thread();
    if (host->irql < DISPATCH_LEVEL)
        kernel_complain("KeReleaseSpinLock at IRQL %u, from %s", host->irql, kernel_describe_site(CALLER, where));
    const bool again = drop(host, SpinLock, &held);
    if (held.lock == NULL)
        kernel_complain("spin lock %p released by a thread that does not hold it, from %s", (void *)SpinLock,
                        kernel_describe_site(CALLER, where));
    else if (held.old_irql != NewIrql)
        kernel_complain("spin lock %p released to IRQL %u, acquired at %u, from %s", (void *)SpinLock, NewIrql,
                        held.old_irql, kernel_describe_site(CALLER, where));
    if (held.lock != NULL && !again)
        __atomic_store_n(SpinLock, 0, __ATOMIC_RELEASE);
    host->irql = NewIrql;
}
