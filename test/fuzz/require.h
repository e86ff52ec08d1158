/*
 * What must hold, in every build: a broken promise ends the fuzzer with the place and the numbers, and libFuzzer keeps
 * the input.
 */
#pragma once

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(Condition)                                                                                             \
    do                                                                                                                 \
    {                                                                                                                  \
        if (!(Condition))                                                                                              \
        {                                                                                                              \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #Condition);                                    \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#define REQUIRE_EQUAL(Actual, Expected)                                                                                \
    do                                                                                                                 \
    {                                                                                                                  \
        const uint64_t RequireActual = (uint64_t)(Actual);                                                             \
        const uint64_t RequireExpected = (uint64_t)(Expected);                                                         \
        if (RequireActual != RequireExpected)                                                                          \
        {                                                                                                              \
            fprintf(stderr, "%s:%d: broken: %s is 0x%" PRIx64 ", expected 0x%" PRIx64 " (%s)\n", __FILE__, __LINE__,   \
                    #Actual, RequireActual, RequireExpected, #Expected);                                               \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)
