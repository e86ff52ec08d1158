/* Compiled as C and as C++ by scripts/build-guard.mjs: the header needs no other of ours. */
#include "trustlet_guard.h"

C_ASSERT(sizeof(TL_GUARD_STATE) == 56);
C_ASSERT(sizeof(TL_GUARD_IDENTITY) == 24);
C_ASSERT(sizeof(TL_GUARD_VERDICT) == 8);
C_ASSERT(sizeof(TL_GUARD_DECISION) == 8);
