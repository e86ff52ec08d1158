/*
 * TlDecide, TlJudge and TlJudgeFailedOpen against the vectors that lib/guard is held to as well:
 *   node dist/test/support/write-vectors.js build/driver
 *   vectors_test build/driver/decisions.txt build/driver/judgements.txt
 * Pure functions: no machine is booted, and of the simulated kernel only the headers are needed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "decide.h"
#include "verdict.h"

#define MOST_COLUMNS 16u
/* Of a broken rule the first few vectors say enough. */
#define MOST_COMPLAINTS 5u

typedef struct vectors
{
    FILE *file;
    const char *path;
    unsigned columns;
    /* Vectors the file says it has, and those read. */
    unsigned long announced;
    unsigned long read;
    unsigned long line;
    unsigned long wrong;
} vectors;

static void complain(vectors *from, const char *what, TL_JUDGEMENT actual, const UINT32 *expected)
{
    if (++from->wrong <= MOST_COMPLAINTS)
        printf("# %s:%lu: %s: verdict %u reason %u evidence %u status 0x%X, not %u %u %u 0x%X\n", from->path,
               from->line, what, actual.Verdict, actual.Reason, actual.Evidence, (UINT32)actual.Status, expected[0],
               expected[1], expected[2], expected[3]);
}

static void malformed(vectors *from)
{
    if (++from->wrong <= MOST_COMPLAINTS)
        printf("# %s:%lu: not %u hexadecimal numbers\n", from->path, from->line, from->columns);
}

/* The next vector; 0 at the end of the file. */
static int next(vectors *from, UINT32 *numbers)
{
    char text[512];
    while (fgets(text, sizeof text, from->file) != NULL)
    {
        from->line++;
        if (text[0] == '#')
        {
            (void)sscanf(text, "# vectors: %lu", &from->announced);
            continue;
        }
        char *rest = text;
        unsigned column = 0;
        for (char *end = NULL; column < from->columns; column++, rest = end)
        {
            const unsigned long long number = strtoull(rest, &end, 16);
            if (end == rest || number > 0xFFFFFFFFull)
                break;
            numbers[column] = (UINT32)number;
        }
        if (column == from->columns && *rest == '\n')
        {
            from->read++;
            return 1;
        }
        malformed(from);
    }
    return 0;
}

static int is_same(TL_JUDGEMENT actual, const UINT32 *expected)
{
    return actual.Verdict == expected[0] && actual.Reason == expected[1] && actual.Evidence == expected[2] &&
           (UINT32)actual.Status == expected[3];
}

static TL_JUDGEMENT judgement_of(const UINT32 *numbers)
{
    const TL_JUDGEMENT judgement = {.Verdict = (UINT8)numbers[0],
                                    .Reason = (UINT8)numbers[1],
                                    .Evidence = (UINT8)numbers[2],
                                    .Status = (NTSTATUS)numbers[3]};
    return judgement;
}

static unsigned long failed_opens;

static void check_judgement(vectors *from, const UINT32 *numbers)
{
    const TL_PROCESS_RECORD record = {.Pid = numbers[0],
                                      .Present = numbers[1],
                                      .OpenStatus = numbers[2],
                                      .ExtendedStatus = numbers[3],
                                      .Flags = numbers[4]};
    const TL_SYSTEM system = {
        .Build = numbers[5], .IsolatedUserModeStatus = (NTSTATUS)numbers[6], .IsolatedUserModeFlags = numbers[7]};
    const UINT32 *expected = numbers + 8;

    const TL_JUDGEMENT judged = TlJudge(&record, &system);
    if (!is_same(judged, expected))
        complain(from, "TlJudge", judged, expected);

    if ((record.Present & TL_PRESENT_REUSED) == 0 && record.Pid != 0 && !NT_SUCCESS((NTSTATUS)record.OpenStatus))
    {
        const TL_JUDGEMENT failed = TlJudgeFailedOpen((NTSTATUS)record.OpenStatus);
        failed_opens++;
        if (!is_same(failed, expected))
            complain(from, "TlJudgeFailedOpen", failed, expected);
    }
}

static void check_decision(vectors *from, const UINT32 *numbers)
{
    const TL_DECISION_INPUT input = {.Operations = numbers[0],
                                     .Accepted = numbers[1],
                                     .Identity = (UINT8)numbers[2],
                                     .Thread = (UINT8)numbers[3],
                                     .Acquisition = (UINT8)numbers[4],
                                     .AcquisitionStatus = (NTSTATUS)numbers[5],
                                     .Judgement = judgement_of(numbers + 6)};
    const UINT32 *expected = numbers + 11;

    const TL_DECISION decision = TlDecide(&input);
    const TL_JUDGEMENT about = {.Verdict = decision.Verdict,
                                .Reason = decision.Reason,
                                .Evidence = decision.Evidence,
                                .Status = decision.Status};
    if (decision.Decision != numbers[10])
        complain(from, decision.Decision == TL_DECISION_ALLOW ? "allowed, not refused" : "refused, not allowed", about,
                 expected);
    else if (!is_same(about, expected))
        complain(from, "TlDecide", about, expected);
}

/* Reads a file to its end; returns whether every vector it announces was there and agreed. */
static int agrees(vectors *from, void check(vectors *from, const UINT32 *numbers))
{
    UINT32 numbers[MOST_COLUMNS];
    from->file = fopen(from->path, "r");
    if (from->file == NULL)
    {
        printf("# %s cannot be opened\n", from->path);
        return 0;
    }
    while (next(from, numbers))
        check(from, numbers);
    (void)fclose(from->file);
    if (from->wrong > 0)
        printf("# %s: %lu disagree\n", from->path, from->wrong);
    if (from->read == 0 || from->read != from->announced)
        printf("# %s: %lu vectors, not %lu\n", from->path, from->read, from->announced);
    return from->wrong == 0 && from->read > 0 && from->read == from->announced;
}

static int report(int number, int passed, const char *name, unsigned long count)
{
    printf("%sok %d - %s (%lu vectors)\n", passed ? "" : "not ", number, name, count);
    return passed ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 3)
    {
        fprintf(stderr, "usage: vectors_test decisions.txt judgements.txt\n");
        return 2;
    }
    vectors decisions = {.path = argv[1], .columns = 15};
    vectors judgements = {.path = argv[2], .columns = 12};
    int failed = 0;
    printf("TAP version 13\n");
    int passed = agrees(&decisions, check_decision);
    failed += report(1, passed, "TlDecide decides as lib/guard/decide.ts does", decisions.read);
    passed = agrees(&judgements, check_judgement);
    failed += report(2, passed, "TlJudge and TlJudgeFailedOpen judge as lib/guard/verdict.ts does", judgements.read);
    failed += report(3, failed_opens > 0, "TlJudgeFailedOpen was asked", failed_opens);
    printf("1..3\n# simulated kernel\n%d passed, %d failed\n", 3 - failed, failed);
    return failed == 0 ? 0 : 1;
}
