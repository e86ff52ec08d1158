#include "exports.h"

#define PAGE 0x1000u
#define DOS_MAGIC 0x5A4Du
#define PE_MAGIC 0x4550u
/* Offsets in a 64-bit PE file: where the DOS header says the PE header is; the export directory's entry in the latter. */
#define PE_OFFSET 0x3Cu
#define EXPORTS_OFFSET 0x88u

static UINT32 Word(_In_ const UINT8 *At)
{
    UINT32 Value;
    RtlCopyMemory(&Value, At, sizeof(Value));
    return Value;
}

static const UINT8 *ModuleOf(_In_ const VOID *Inside)
{
    const UINT8 *Base = (const UINT8 *)((ULONG_PTR)Inside & ~(ULONG_PTR)(PAGE - 1));
    while ((Word(Base) & 0xFFFFu) != DOS_MAGIC || Word(Base + PE_OFFSET) >= PAGE ||
           Word(Base + Word(Base + PE_OFFSET)) != PE_MAGIC)
    {
        Base -= PAGE;
    }
    return Base;
}

static BOOLEAN IsSame(_In_z_ const char *Left, _In_z_ const char *Right)
{
    while (*Left != 0 && *Left == *Right)
    {
        Left++;
        Right++;
    }
    return *Left == *Right;
}

PVOID FindExport(_In_ const VOID *Inside, _In_z_ const char *Name)
{
    const UINT8 *Base = ModuleOf(Inside);
    const UINT8 *Entry = Base + Word(Base + PE_OFFSET) + EXPORTS_OFFSET;
    const UINT32 Start = Word(Entry);
    const UINT32 Length = Word(Entry + 4);
    const UINT8 *Directory = Base + Start;
    const UINT32 Count = Word(Directory + 24);
    const UINT8 *Functions = Base + Word(Directory + 28);
    const UINT8 *Names = Base + Word(Directory + 32);
    const UINT8 *Ordinals = Base + Word(Directory + 36);

    for (UINT32 Index = 0; Index < Count; Index++)
    {
        if (IsSame((const char *)Base + Word(Names + Index * 4), Name))
        {
            const UINT32 Ordinal = (UINT32)Ordinals[Index * 2] | (UINT32)Ordinals[Index * 2 + 1] << 8;
            const UINT32 Offset = Word(Functions + Ordinal * 4);
            const BOOLEAN Forwarded = Offset >= Start && Offset < Start + Length;
            return Forwarded ? NULL : (PVOID)(ULONG_PTR)(Base + Offset);
        }
    }
    return NULL;
}
