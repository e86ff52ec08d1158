/*
 * A stream of choices from one seed: what is found with a seed is found with it again.
 */
#pragma once

#include <stdint.h>

typedef struct _FUZZ_RANDOM
{
    uint64_t State;
} FUZZ_RANDOM;

static inline FUZZ_RANDOM FuzzSeed(uint64_t Seed)
{
    const FUZZ_RANDOM Random = {(Seed + 1) * 0x9E3779B97F4A7C15u};
    return Random;
}

static inline uint64_t FuzzWord(FUZZ_RANDOM *Random)
{
    Random->State ^= Random->State >> 12;
    Random->State ^= Random->State << 25;
    Random->State ^= Random->State >> 27;
    return Random->State * 0x2545F4914F6CDD1Du;
}

/* \return 0 to Limit - 1; Limit is not 0. */
static inline uint32_t FuzzBelow(FUZZ_RANDOM *Random, uint32_t Limit)
{
    return (uint32_t)((FuzzWord(Random) >> 32) * Limit >> 32);
}

/* \return true once in Times. */
static inline int FuzzOnceIn(FUZZ_RANDOM *Random, uint32_t Times)
{
    return FuzzBelow(Random, Times) == 0;
}
