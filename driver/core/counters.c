#include "counters.h"

VOID TlCountVerdict(_Inout_ TL_COUNTERS *Counters, _In_ UINT8 Verdict)
{
    InterlockedIncrement64(&Counters->Records);
    switch (Verdict)
    {
    case TL_VERDICT_SECURE:
        InterlockedIncrement64(&Counters->Secure);
        break;
    case TL_VERDICT_ORDINARY:
        InterlockedIncrement64(&Counters->Ordinary);
        break;
    default:
        InterlockedIncrement64(&Counters->Unknown);
        break;
    }
}

VOID TlCountDecision(_Inout_ TL_COUNTERS *Counters, _In_ UINT32 Operations, _In_ UINT8 Decision, _In_ UINT8 Reason)
{
    if (Decision == TL_DECISION_ALLOW)
    {
        InterlockedIncrement64(&Counters->Allowed);
        return;
    }
    InterlockedIncrement64(&Counters->Refused);
    for (UINT32 Operation = 0; Operation < TL_OPERATION_COUNT; Operation++)
    {
        if ((Operations & (1u << Operation)) != 0)
        {
            InterlockedIncrement64(&Counters->Refusals[Operation][Reason]);
        }
    }
}

UINT64 TlReadCounter(_In_ const volatile LONG64 *Counter)
{
    /* An exchange of 0 for 0 writes nothing that was not there. */
    return (UINT64)InterlockedCompareExchange64((volatile LONG64 *)(ULONG_PTR)Counter, 0, 0);
}
