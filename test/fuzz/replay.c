/*
 * Runs a fuzzer's function over files, without libFuzzer: for coverage of the kept corpus, and for a debugger.
 */
#include <stdint.h>

#include "require.h"

int LLVMFuzzerInitialize(int *ArgumentCount, char ***Arguments);
int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);
size_t LLVMFuzzerMutate(uint8_t *Data, size_t Size, size_t MaxSize);
__attribute__((weak)) int LLVMFuzzerInitialize(int *ArgumentCount, char ***Arguments);

/* The mutators are linked, and not called. */
size_t LLVMFuzzerMutate(uint8_t *Data, size_t Size, size_t MaxSize)
{
    (void)Data;
    (void)MaxSize;
    return Size;
}

int main(int ArgumentCount, char **Arguments)
{
    static uint8_t Data[1u << 20];
    if (LLVMFuzzerInitialize != NULL)
    {
        LLVMFuzzerInitialize(&ArgumentCount, &Arguments);
    }
    for (int Index = 1; Index < ArgumentCount; Index++)
    {
        FILE *File = fopen(Arguments[Index], "rb");
        REQUIRE(File != NULL);
        const size_t Size = fread(Data, 1, sizeof(Data), File);
        fclose(File);
        /* A copy of its very length, so that a byte read too far is seen. */
        uint8_t *Copy = malloc(Size + 1);
        REQUIRE(Copy != NULL);
        for (size_t Offset = 0; Offset < Size; Offset++)
        {
            Copy[Offset] = Data[Offset];
        }
        LLVMFuzzerTestOneInput(Copy, Size);
        free(Copy);
    }
    return 0;
}
