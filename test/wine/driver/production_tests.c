#include "tests.h"

void production_tests(void)
{
    HANDLE device = open_device(&production, GENERIC_READ);
    TL_PROCESS_RECORD record;
    examine_answer examined;
    guard_answer guarded;

    check(query_one(device, GetCurrentProcessId(), &record) == 0 && record.ExtendedStatus == 0xC0000004 &&
              record.Verdict == TL_VERDICT_UNKNOWN && record.Reason == TL_REASON_QUERY_FAILED &&
              record.Status == 0xC0000004,
          "QUERY: Wine cannot answer the 64-byte query, so the verdict is unknown, with its status");
    const TL_EXAMINE_REQUEST examine_self = examine_request(GetCurrentProcess(), TL_KIND_PROCESS);
    check(examine(device, &examine_self, &examined) == 0 && examined.reply.ReferenceStatus == 0xC0000002 &&
              examined.record.Verdict == TL_VERDICT_UNKNOWN,
          "EXAMINE: Wine cannot resolve a client's handle: unknown, STATUS_NOT_IMPLEMENTED");
    const TL_GUARD_REQUEST guard_self = guard_request(GetCurrentProcess(), TL_KIND_PROCESS, TL_OPERATION_READ);
    check(guard(device, &guard_self, &guarded) == 0 && guarded.reply.Decision == TL_DECISION_REFUSE &&
              guarded.reply.Verdict == TL_VERDICT_UNKNOWN && guarded.reply.Status == 0xC0000002,
          "GUARD: what is not known is refused");
    CloseHandle(device);
}
