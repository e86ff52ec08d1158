#include "table.h"

#define PARAMETERS L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\trustlet-sim\\Parameters"
#define TAG 0x62615454u /* "TTab" */
#define MOST_BYTES 0x100000u
#define MOST_FAULTS 64u

static struct
{
    HANDLE Key;
    UINT32 Serial;
    UINT8 *Value; /* with its KEY_VALUE_PARTIAL_INFORMATION in front */
    const ntsim_table_header *Header;
    UINT32 Matched[MOST_FAULTS];
} Table;

static const UINT8 *At(_In_ UINT32 Offset)
{
    return (const UINT8 *)Table.Header + Offset;
}

static UINT32 ReadSerial(VOID)
{
    struct
    {
        KEY_VALUE_PARTIAL_INFORMATION Header;
        UINT8 Room[8];
    } Value;
    UNICODE_STRING Text;
    ULONG Returned = 0;
    UINT32 Serial = 0;

    if (Table.Key == NULL)
    {
        OBJECT_ATTRIBUTES Attributes;
        RtlInitUnicodeString(&Text, PARAMETERS);
        InitializeObjectAttributes(&Attributes, &Text, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
        if (!NT_SUCCESS(ZwOpenKey(&Table.Key, KEY_READ, &Attributes)))
        {
            Table.Key = NULL;
            return 0;
        }
    }
    RtlInitUnicodeString(&Text, L"ScenarioSerial");
    const NTSTATUS Status =
        ZwQueryValueKey(Table.Key, &Text, KeyValuePartialInformation, &Value, sizeof(Value), &Returned);
    if (NT_SUCCESS(Status) && Value.Header.DataLength == sizeof(Serial))
    {
        RtlCopyMemory(&Serial, Value.Header.Data, sizeof(Serial));
    }
    return Serial;
}

/* A region of whole records that lies inside the table. */
static BOOLEAN IsInside(_In_ UINT32 Offset, _In_ UINT32 Count, _In_ UINT32 Size, _In_ UINT32 Total)
{
    return Offset <= Total && (UINT64)Count * Size <= Total - Offset;
}

static BOOLEAN IsSound(_In_ const ntsim_table_header *Header, _In_ UINT32 Length)
{
    if (Length < sizeof(*Header) || Header->magic != NTSIM_TABLE_MAGIC || Header->version != NTSIM_TABLE_VERSION ||
        Header->total_bytes != Length || Header->header_bytes != sizeof(*Header) ||
        Header->process_bytes != sizeof(ntsim_table_process) || Header->fault_bytes != sizeof(ntsim_table_fault) ||
        Header->fault_count > MOST_FAULTS ||
        !IsInside(Header->process_offset, Header->process_count, sizeof(ntsim_table_process), Length) ||
        !IsInside(Header->thread_offset, Header->thread_count, sizeof(UINT32), Length) ||
        !IsInside(Header->fault_offset, Header->fault_count, sizeof(ntsim_table_fault), Length) ||
        !IsInside(Header->class_offset, Header->class_count, sizeof(UINT32), Length) ||
        !IsInside(Header->text_offset, Header->text_bytes, 1, Length))
    {
        return FALSE;
    }
    for (UINT32 Index = 0; Index < Header->process_count; Index++)
    {
        const ntsim_table_process *Process =
            (const ntsim_table_process *)(const VOID *)((const UINT8 *)Header + Header->process_offset) + Index;
        if (!IsInside(Process->first_thread, Process->thread_count, 1, Header->thread_count) ||
            !IsInside(Process->name_offset, Process->name_bytes, 1, Header->text_bytes))
        {
            return FALSE;
        }
    }
    return TRUE;
}

static VOID Load(VOID)
{
    KEY_VALUE_PARTIAL_INFORMATION Measure;
    UNICODE_STRING Text;
    ULONG Length = 0;

    RtlInitUnicodeString(&Text, L"ScenarioTable");
    (VOID) ZwQueryValueKey(Table.Key, &Text, KeyValuePartialInformation, &Measure, sizeof(Measure), &Length);
    if (Length <= FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) || Length > MOST_BYTES)
    {
        return;
    }
    /* The table's 8-byte members are aligned where the value's header of 12 bytes ends at a multiple of 8. */
    Table.Value = ExAllocatePoolWithTag(NonPagedPoolNx, Length + sizeof(UINT64), TAG);
    if (Table.Value == NULL)
    {
        return;
    }
    KEY_VALUE_PARTIAL_INFORMATION *Read = (PVOID)(Table.Value + 4);
    if (NT_SUCCESS(ZwQueryValueKey(Table.Key, &Text, KeyValuePartialInformation, Read, Length, &Length)))
    {
        const ntsim_table_header *Header = (const VOID *)Read->Data;
        Table.Header = IsSound(Header, Read->DataLength) ? Header : NULL;
    }
}

const ntsim_table_header *CurrentTable(VOID)
{
    const UINT32 Serial = ReadSerial();
    if (Serial != Table.Serial)
    {
        if (Table.Value != NULL)
        {
            ExFreePoolWithTag(Table.Value, TAG);
        }
        Table.Value = NULL;
        Table.Header = NULL;
        Table.Serial = Serial;
        RtlZeroMemory(Table.Matched, sizeof(Table.Matched));
        if (Serial != 0)
        {
            Load();
        }
    }
    return Table.Header;
}

const ntsim_table_process *ProcessInTable(_In_ UINT32 Index)
{
    return (const ntsim_table_process *)(const VOID *)At(Table.Header->process_offset) + Index;
}

const ntsim_table_process *FindInTable(_In_ ULONG_PTR Pid)
{
    for (UINT32 Index = 0; Table.Header != NULL && Index < Table.Header->process_count; Index++)
    {
        if (ProcessInTable(Index)->pid == Pid)
        {
            return ProcessInTable(Index);
        }
    }
    return NULL;
}

const UINT32 *ThreadsInTable(VOID)
{
    return (const UINT32 *)(const VOID *)At(Table.Header->thread_offset);
}

const UINT8 *TextInTable(VOID)
{
    return At(Table.Header->text_offset);
}

BOOLEAN IsClassMissing(_In_ UINT32 Class)
{
    const UINT32 *Classes = (const UINT32 *)(const VOID *)At(Table.Header->class_offset);
    for (UINT32 Index = 0; Index < Table.Header->class_count; Index++)
    {
        if (Classes[Index] == Class)
        {
            return TRUE;
        }
    }
    return FALSE;
}

BOOLEAN Fails(_In_ UINT32 Call, _In_ INT32 Class, _In_opt_ const ntsim_table_process *Process, _Out_ NTSTATUS *Status)
{
    const ntsim_table_fault *Faults = (const ntsim_table_fault *)(const VOID *)At(Table.Header->fault_offset);
    BOOLEAN Result = FALSE;

    *Status = STATUS_SUCCESS;
    for (UINT32 Index = 0; Index < Table.Header->fault_count; Index++)
    {
        const ntsim_table_fault *Fault = &Faults[Index];
        const BOOLEAN Meant = Fault->target_index == NTSIM_NONE ||
                              (Process != NULL && Fault->target_index < Table.Header->process_count &&
                               ProcessInTable(Fault->target_index) == Process);
        if (Fault->call != Call || (Fault->info_class != -1 && Fault->info_class != Class) || !Meant)
        {
            continue;
        }
        Table.Matched[Index]++;
        if (!Result && (Fault->nth == 0 || Fault->nth == Table.Matched[Index]))
        {
            Result = TRUE;
            *Status = (NTSTATUS)Fault->status;
        }
    }
    return Result;
}
