/* Handle tables: one for each process, and the kernel's, which no user mode reaches. */
#include <stdlib.h>

#include "internal.h"

#define KERNEL_HANDLE_BASE INT64_C(-0x80000000)

static kernel_handle_table system_handles;

static kernel_handle_table *table_of(kernel_object *owner)
{
    return owner == NULL ? &system_handles : &owner->handles_of;
}

bool kernel_is_kernel_handle(HANDLE handle)
{
    const intptr_t value = (intptr_t)handle;
    return value >= KERNEL_HANDLE_BASE && value < -2;
}

static uint32_t free_index(kernel_handle_table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        if (table->entries[i].object == NULL)
            return i;
    if (table->count == table->capacity)
    {
        table->capacity = table->capacity == 0 ? 16 : table->capacity * 2;
        table->entries = realloc(table->entries, table->capacity * sizeof *table->entries);
        if (table->entries == NULL)
            abort();
    }
    return table->count++;
}

NTSTATUS kernel_new_handle(kernel_object *owner, kernel_object *object, ACCESS_MASK access, ULONG attributes,
                           const void *site, HANDLE *handle)
{
    kernel_handle_table *table = table_of(owner);
    const uint32_t index = free_index(table);
    table->entries[index] = (kernel_handle){object, access, attributes, site};
    object->handles++;
    if (owner != NULL)
        kernel_pin(owner);
    const intptr_t offset = ((intptr_t)index + 1) * 4;
    *handle = (HANDLE)(owner == NULL ? KERNEL_HANDLE_BASE + offset : offset);
    return STATUS_SUCCESS;
}

/* The low two bits of a handle are its owner's to use [known]. */
static kernel_handle *entry_at(kernel_handle_table *table, intptr_t offset)
{
    if (offset < 4 || offset / 4 > (intptr_t)table->count)
        return NULL;
    kernel_handle *entry = &table->entries[offset / 4 - 1];
    return entry->object == NULL ? NULL : entry;
}

kernel_handle *kernel_find_handle(kernel_object *process, HANDLE handle, KPROCESSOR_MODE mode)
{
    if (kernel_is_kernel_handle(handle))
        return mode == KernelMode ? entry_at(&system_handles, (intptr_t)handle - KERNEL_HANDLE_BASE) : NULL;
    return entry_at(&process->handles_of, (intptr_t)handle);
}

void kernel_free_handle(kernel_object *owner, kernel_handle *entry)
{
    kernel_object *object = entry->object;
    *entry = (kernel_handle){NULL, 0, 0, NULL};
    object->handles--;
    kernel_release(object);
    if (owner != NULL)
        kernel_unpin(owner);
}

/* Without the lock: closes one entry, whose object is pinned, so that CLEANUP comes before CLOSE. */
static void close_entry(kernel_object *owner, kernel_handle *entry)
{
    kernel_object *object = entry->object;
    const bool last_of_file = object->type == &kernel_file_type && object->handles == 1;
    kernel_pin(object);
    kernel_free_handle(owner, entry);
    kernel_unlock();
    if (last_of_file)
        kernel_file_cleanup(object);
    kernel_lock();
    kernel_unpin(object);
}

NTSTATUS kernel_close_handle(kernel_object *process, HANDLE handle, KPROCESSOR_MODE mode)
{
    NTSTATUS status = STATUS_INVALID_HANDLE;
    kernel_lock();
    kernel_handle *entry = kernel_find_handle(process, handle, mode);
    if (entry != NULL)
    {
        close_entry(kernel_is_kernel_handle(handle) ? NULL : process, entry);
        status = STATUS_SUCCESS;
    }
    kernel_unlock();
    return status;
}

void kernel_close_all_handles(kernel_object *process)
{
    kernel_lock();
    for (uint32_t i = 0; i < process->handles_of.count; i++)
        if (process->handles_of.entries[i].object != NULL)
            close_entry(process, &process->handles_of.entries[i]);
    kernel_unlock();
}

void kernel_check_kernel_handles(void)
{
    char name[80];
    char where[160];
    kernel_lock();
    for (uint32_t i = 0; i < system_handles.count; i++)
    {
        kernel_handle *entry = &system_handles.entries[i];
        if (entry->object == NULL)
            continue;
        kernel_describe_object(entry->object, name);
        kernel_complain("leaked kernel handle to %s, from %s", name, kernel_describe_site(entry->site, where));
        close_entry(NULL, entry);
    }
    free(system_handles.entries);
    system_handles = (kernel_handle_table){NULL, 0, 0};
    kernel_unlock();
}

/* A driver that queries through a handle of a process trusts it to name what it named before. */
int32_t kernel_resolve_for_query(intptr_t value, door_kind kind, struct ntsim_object **machine_object, uint32_t *access)
{
    const POBJECT_TYPE wanted = kind == DOOR_PROCESS ? &kernel_process_type : &kernel_thread_type;
    kernel_object *object;
    const HANDLE handle = (HANDLE)value;
    if (handle == NtCurrentProcess() || handle == NtCurrentThread())
    {
        object = handle == NtCurrentProcess() ? kernel_current_process() : kernel_current_thread();
        *access = object == NULL ? 0 : object->type->all_access;
    }
    else
    {
        const kernel_handle *entry = kernel_find_handle(kernel_current_process(), handle, KernelMode);
        object = entry == NULL ? NULL : entry->object;
        *access = entry == NULL ? 0 : entry->access;
        if (entry != NULL && !kernel_is_kernel_handle(handle))
            kernel_complain("a query in kernel mode through handle 0x%llx of a process's own table",
                            (unsigned long long)value);
    }
    if (object == NULL)
        return STATUS_INVALID_HANDLE;
    if (object->type != wanted)
        return STATUS_OBJECT_TYPE_MISMATCH;
    *machine_object = object->machine_object;
    return STATUS_SUCCESS;
}
