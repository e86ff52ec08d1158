/*
 * One request of any code, bytes and lengths to the real driver on a simulated machine, while at most one thing goes
 * wrong.
 *
 * Input: which machine, how the request comes, one event (events.h), then the request (grammar.h).
 */
#include "counts.h"
#include "device.h"
#include "require.h"
#include "world.h"

#define HEAD (2u + FUZZ_EVENT_SIZE)
/* Beside the bits of device.h: the event is armed before the driver is loaded. */
#define BEFORE_LOAD 4u

size_t LLVMFuzzerMutate(uint8_t *Data, size_t Size, size_t MaxSize);
int LLVMFuzzerInitialize(int *ArgumentCount, char ***Arguments);
int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);
size_t LLVMFuzzerCustomMutator(uint8_t *Data, size_t Size, size_t MaxSize, unsigned int Seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *Left, size_t LeftSize, const uint8_t *Right, size_t RightSize,
                                 uint8_t *Out, size_t MaxOutSize, unsigned int Seed);

static const FUZZ_WORDS *Words;

int LLVMFuzzerInitialize(int *ArgumentCount, char ***Arguments)
{
    (void)ArgumentCount;
    (void)Arguments;
    FuzzBoot(0);
    FuzzEnterAgent();
    Words = FuzzWordsOfWorld();
    FuzzShutDown();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    FuzzCountExecution();
    if (Size < HEAD)
    {
        return 0;
    }
    const uint8_t How = Data[1];
    const FUZZ_EVENT Event = FuzzReadEvent(Data + 2);
    const FUZZ_EVENT Nothing = {0};
    const FUZZ_REQUEST Request = FuzzParseRequest(Data + HEAD, Size - HEAD);
    FuzzBoot(Data[0]);
    if ((How & BEFORE_LOAD) != 0)
    {
        FuzzArm(Event);
    }
    const NTSTATUS Status = FuzzLoadDriver();
    REQUIRE(NT_SUCCESS(Status) || FuzzWorld.Disturbed);
    if (NT_SUCCESS(Status))
    {
        FuzzDisarm();
        FuzzEnterAgent();
        void *File = FuzzOpenDevice();
        REQUIRE(File != NULL);
        if (FuzzSend(File, &Request, How & 3, (How & BEFORE_LOAD) != 0 ? Nothing : Event))
        {
            REQUIRE(NT_SUCCESS(ntsim_kernel_close(File)));
        }
    }
    FuzzShutDown();
    return 0;
}

static void MutateHead(FUZZ_RANDOM *Random, uint8_t *Data)
{
    if (FuzzOnceIn(Random, 3))
    {
        Data[0] = (uint8_t)(FuzzOnceIn(Random, 2) ? 0 : FuzzBelow(Random, FUZZ_VARIANTS));
    }
    if (FuzzOnceIn(Random, 4))
    {
        Data[1] = (uint8_t)(FuzzOnceIn(Random, 2) ? 0 : FuzzBelow(Random, 8));
    }
    if (FuzzOnceIn(Random, 3))
    {
        FuzzWriteEvent(Data + 2, FuzzGenerateEvent(Random));
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *Data, size_t Size, size_t MaxSize, unsigned int Seed)
{
    FUZZ_RANDOM Random = FuzzSeed(Seed);
    if (MaxSize < HEAD + FUZZ_LONGEST_REQUEST || Size > HEAD + FUZZ_LONGEST_REQUEST || FuzzOnceIn(&Random, 10))
    {
        return LLVMFuzzerMutate(Data, Size, MaxSize);
    }
    if (Size < HEAD)
    {
        memset(Data, 0, HEAD);
        Size = HEAD;
    }
    MutateHead(&Random, Data);
    return FuzzOnceIn(&Random, 4) ? Size : HEAD + FuzzMutateRequest(&Random, Words, Data + HEAD, Size - HEAD);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *Left, size_t LeftSize, const uint8_t *Right, size_t RightSize,
                                 uint8_t *Out, size_t MaxOutSize, unsigned int Seed)
{
    FUZZ_RANDOM Random = FuzzSeed(Seed);
    if (MaxOutSize < HEAD + FUZZ_LONGEST_REQUEST || LeftSize < HEAD || RightSize < HEAD)
    {
        return 0;
    }
    /* The circumstances of the one, the request of the other. */
    memcpy(Out, Left, HEAD);
    const size_t RequestSize = RightSize - HEAD < FUZZ_LONGEST_REQUEST ? RightSize - HEAD : FUZZ_LONGEST_REQUEST;
    memcpy(Out + HEAD, Right + HEAD, RequestSize);
    return FuzzOnceIn(&Random, 2) ? HEAD + RequestSize
                                  : HEAD + FuzzCrossRequests(&Random, Left + HEAD, LeftSize - HEAD, Right + HEAD,
                                                             RightSize - HEAD, Out + HEAD);
}
