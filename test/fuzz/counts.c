#include "counts.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules.h"

#define MOST_NAMES 16

static const char *const MessageNames[FUZZ_MESSAGES] = {"hello", "query", "census", "examine", "guard", "stats"};
static uint64_t Executions;
static uint64_t Accepted[FUZZ_MESSAGES];
static struct
{
    const char *Name;
    uint64_t Count;
} Named[MOST_NAMES];

/* One line that scripts/fuzz.mjs reads. */
static void Print(void)
{
    fprintf(stderr, "fuzz-counts: executions=%" PRIu64, Executions);
    for (uint32_t Message = 1; Message <= FUZZ_MESSAGES; Message++)
    {
        fprintf(stderr, " accepted.%s=%" PRIu64, MessageNames[Message - 1], Accepted[Message - 1]);
    }
    for (uint32_t Index = 0; Index < MOST_NAMES && Named[Index].Name != NULL; Index++)
    {
        fprintf(stderr, " %s=%" PRIu64, Named[Index].Name, Named[Index].Count);
    }
    fputc('\n', stderr);
}

void FuzzCountExecution(void)
{
    if (Executions++ == 0)
    {
        atexit(Print);
    }
}

void FuzzCountAccepted(uint32_t Message)
{
    Accepted[Message - 1]++;
}

void FuzzCount(const char *Name)
{
    for (uint32_t Index = 0; Index < MOST_NAMES; Index++)
    {
        if (Named[Index].Name == NULL)
        {
            Named[Index].Name = Name;
        }
        if (Named[Index].Name == Name)
        {
            Named[Index].Count++;
            return;
        }
    }
}
