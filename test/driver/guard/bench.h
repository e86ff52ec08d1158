/* A small machine with a started guard, and a guarded function that only keeps a record of its calls. Simulated kernel.
 */
#ifndef TRUSTLET_TEST_GUARD_BENCH_H
#define TRUSTLET_TEST_GUARD_BENCH_H

#include "../../../driver/ntsim/test/check.h"
#include "kernel.h"
#include "trustlet_guard.h"

#define AGENT_PID 2000u
#define NOTEPAD_PID 3000u
#define LSAISO_PID 812u
#define EXITING_PID 940u
#define NOBODY_PID 5000u

/* Windows 11 24H2 with the programs above, and a guard. Its thread is the agent's, as it would be in a callback. */
void bench_boot(void);
void bench_boot_on(uint32_t build, uint32_t bits);
/* Ends it; complaints of the simulated kernel are failures of the test. */
void bench_end(void);

extern TL_GUARD_STATE bench_guard;
/* What TlGuardStart said; only a fault script makes it fail. */
extern NTSTATUS bench_status;

/* The guarded function: how often it ran, on what, with what, and what it answers. */
extern unsigned acted;
extern TL_GUARD_TARGET acted_on;
extern PVOID acted_with;
extern NTSTATUS act_answer;
TL_GUARDED_FUNCTION act;

/* TlGuardedCall with act; the decision is garbage before. */
NTSTATUS call(const TL_GUARD_TARGET *target, UINT32 operations, UINT32 accepted, TL_GUARD_DECISION *decision);

/* Queries; the target is garbage before. */
TL_GUARD_TARGET process_by_id(uint64_t pid, const TL_GUARD_IDENTITY *expected);
TL_GUARD_TARGET thread_by_id(uint64_t tid, const TL_GUARD_IDENTITY *expected);

/* What a driver has: a referenced object. NULL where there is none. The test dereferences it. */
PEPROCESS process_object(uint32_t pid);
PETHREAD thread_object(uint32_t tid);

/* Checks a refusal, and that nothing was done. */
#define CHECK_REFUSED(target, operations, accepted, verdict, reason, status)                                           \
    do                                                                                                                 \
    {                                                                                                                  \
        TL_GUARD_DECISION refusal_;                                                                                    \
        const unsigned before_ = acted;                                                                                \
        CHECK_EQ(call((target), (operations), (accepted), &refusal_), TL_STATUS_REFUSED);                              \
        CHECK_EQ(acted, before_);                                                                                      \
        CHECK_EQ(refusal_.Decision, TL_DECISION_REFUSE);                                                               \
        CHECK_EQ(refusal_.Verdict, (verdict));                                                                         \
        CHECK_EQ(refusal_.Reason, (reason));                                                                           \
        CHECK_EQ(refusal_.Status, (status));                                                                           \
    } while (0)

/* Checks that the function ran once, on this very target. */
#define CHECK_ALLOWED(target, operations, accepted, verdict, reason)                                                   \
    do                                                                                                                 \
    {                                                                                                                  \
        TL_GUARD_DECISION decision_;                                                                                   \
        const unsigned before_ = acted;                                                                                \
        act_answer = STATUS_SUCCESS;                                                                                   \
        CHECK_EQ(call((target), (operations), (accepted), &decision_), STATUS_SUCCESS);                                \
        CHECK_EQ(acted, before_ + 1);                                                                                  \
        CHECK(acted_on.Process == (target)->Process && acted_on.Thread == (target)->Thread);                           \
        CHECK_EQ(decision_.Decision, TL_DECISION_ALLOW);                                                               \
        CHECK_EQ(decision_.Verdict, (verdict));                                                                        \
        CHECK_EQ(decision_.Reason, (reason));                                                                          \
        CHECK_EQ(decision_.Status, STATUS_SUCCESS);                                                                    \
    } while (0)

#endif
