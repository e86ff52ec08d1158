#include "target.h"

#include "decide.h"

TL_TARGET TlTargetOfExamine(_In_ const TL_EXAMINE_REQUEST *Examine)
{
    const TL_TARGET Target = {
        .Handle = Examine->Handle,
        .Kind = Examine->Kind,
        .ExpectedAccess = Examine->ExpectedAccess,
        .Expect = Examine->Expect,
        .ExpectedPid = Examine->ExpectedPid,
        .ExpectedCreateTime = Examine->ExpectedCreateTime,
        .ExpectedStartKey = Examine->ExpectedStartKey,
    };
    return Target;
}

TL_TARGET TlTargetOfGuard(_In_ const TL_GUARD_REQUEST *Guard)
{
    const TL_TARGET Target = {
        .Handle = Guard->Handle,
        .Kind = Guard->Kind,
        .ExpectedAccess = Guard->ExpectedAccess | TlRightsOfOperations(Guard->Operations),
        .Expect = Guard->Expect,
        .ExpectedPid = Guard->ExpectedPid,
        .ExpectedCreateTime = Guard->ExpectedCreateTime,
        .ExpectedStartKey = Guard->ExpectedStartKey,
    };
    return Target;
}

/* \return FALSE if this was expected and is absent or different. */
static BOOLEAN Agrees(_In_ BOOLEAN Expected, _In_ BOOLEAN Present, _In_ UINT64 ExpectedValue, _In_ UINT64 Value)
{
    return !Expected || (Present && ExpectedValue == Value);
}

UINT8 TlCompareIdentity(_In_ const TL_TARGET *Target, _In_ const TL_PROCESS_RECORD *Record)
{
    const BOOLEAN HasCreateTime = (Record->Present & TL_PRESENT_CREATE_TIME) != 0;
    const BOOLEAN HasStartKey = (Record->Present & TL_PRESENT_START_KEY) != 0;
    const BOOLEAN Silent = !HasCreateTime && !HasStartKey;

    if (Target->Expect == 0 || (Silent && Record->Verdict == TL_VERDICT_UNKNOWN))
    {
        return TL_IDENTITY_UNCHECKED;
    }
    const BOOLEAN Same =
        Agrees((Target->Expect & TL_EXPECT_PID) != 0, TRUE, Target->ExpectedPid, Record->Pid) &&
        Agrees((Target->Expect & TL_EXPECT_CREATE_TIME) != 0, HasCreateTime, Target->ExpectedCreateTime,
               Record->CreateTime) &&
        Agrees((Target->Expect & TL_EXPECT_START_KEY) != 0, HasStartKey, Target->ExpectedStartKey, Record->StartKey);
    return Same ? TL_IDENTITY_SAME : TL_IDENTITY_OTHER;
}
