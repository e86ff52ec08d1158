/* Objects, their ids and references, and the caller's handle table. */
#include <stdlib.h>

#include "machine.h"

/*
 * Handle values start above 2^32 so that none of them is one a real handle table holds (DESIGN.md, "Emulated handles"):
 * loaded into a real process, a handle that leaks out of the simulation names nothing there.
 */
#define HANDLE_BASE INT64_C(0x4E5400000000)
/* A slot is used again only when this many are free: stale handles stay invalid for a while. */
#define MINIMUM_FREE_SLOTS 64u
#define NO_SLOT 0xFFFFFFFFu

static uint32_t bucket_of(const ntsim_machine *machine, uint32_t id)
{
    return (id / 4) & machine->bucket_mask;
}

ntsim_object *ntsim_find(const ntsim_machine *machine, uint32_t id)
{
    ntsim_object *object = machine->buckets[bucket_of(machine, id)];
    while (object != NULL && object->id != id)
        object = object->next_in_bucket;
    return object;
}

bool ntsim_enter_object(ntsim_machine *machine, ntsim_object *object)
{
    ntsim_object **bucket = &machine->buckets[bucket_of(machine, object->id)];
    if (ntsim_find(machine, object->id) != NULL)
        return false;
    object->next_in_bucket = *bucket;
    *bucket = object;
    return true;
}

static void leave(ntsim_machine *machine, const ntsim_object *object)
{
    ntsim_object **link = &machine->buckets[bucket_of(machine, object->id)];
    while (*link != object)
        link = &(*link)->next_in_bucket;
    *link = object->next_in_bucket;
}

ntsim_process *ntsim_process_of(ntsim_object *object)
{
    return object->kind == NTSIM_PROCESS_OBJECT ? (ntsim_process *)(void *)object
                                                : ((ntsim_thread *)(void *)object)->process;
}

void ntsim_reference(ntsim_object *object)
{
    object->references++;
}

static void delete_process(ntsim_machine *machine, ntsim_process *process)
{
    if (process->previous == NULL)
        machine->first_process = process->next;
    else
        process->previous->next = process->next;
    if (process->next == NULL)
        machine->last_process = process->previous;
    else
        process->next->previous = process->previous;
    free(process->name);
    free(process);
}

/* The id is free again only here, when the object goes (facts/nt.md 4.3). */
void ntsim_dereference(ntsim_machine *machine, ntsim_object *object)
{
    if (--object->references != 0)
        return;
    leave(machine, object);
    if (object->kind == NTSIM_PROCESS_OBJECT)
    {
        delete_process(machine, (ntsim_process *)(void *)object);
        return;
    }
    ntsim_process *process = ((ntsim_thread *)(void *)object)->process;
    free(object);
    ntsim_dereference(machine, &process->object);
}

static bool grow_slots(ntsim_machine *machine)
{
    const uint32_t capacity = machine->slot_capacity == 0 ? 256 : machine->slot_capacity * 2;
    ntsim_handle_slot *slots = realloc(machine->slots, capacity * sizeof *slots);
    if (slots == NULL)
        return false;
    machine->slots = slots;
    machine->slot_capacity = capacity;
    return true;
}

/* The slot that has been free longest, or a new one. */
static ntsim_handle_slot *take_slot(ntsim_machine *machine)
{
    if (machine->free_slots > MINIMUM_FREE_SLOTS)
    {
        ntsim_handle_slot *slot = &machine->slots[machine->first_free];
        machine->first_free = slot->next_free;
        machine->free_slots--;
        return slot;
    }
    if (machine->slot_count == machine->slot_capacity && !grow_slots(machine))
        return NULL;
    return &machine->slots[machine->slot_count++];
}

nt_status ntsim_new_handle(ntsim_machine *machine, ntsim_object *object, nt_access access, uint32_t attributes,
                           nt_handle *handle)
{
    ntsim_handle_slot *slot = take_slot(machine);
    if (slot == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *slot = (ntsim_handle_slot){object, access, attributes, NO_SLOT};
    ntsim_reference(object);
    object->handles++;
    machine->open_handles++;
    if ((attributes & OBJ_INHERIT) != 0)
        machine->inheritable_handles++;
    *handle = (nt_handle)(HANDLE_BASE + ((slot - machine->slots) + 1) * 4);
    return STATUS_SUCCESS;
}

/* The low two bits of a handle are the caller's own to use [known]. */
ntsim_handle_slot *ntsim_slot(ntsim_machine *machine, nt_handle handle)
{
    if (handle < HANDLE_BASE + 4)
        return NULL;
    const int64_t index = (handle - HANDLE_BASE) / 4 - 1;
    if (index >= machine->slot_count)
        return NULL;
    ntsim_handle_slot *slot = &machine->slots[index];
    return slot->object == NULL ? NULL : slot;
}

void ntsim_free_slot(ntsim_machine *machine, ntsim_handle_slot *slot)
{
    ntsim_object *object = slot->object;
    const uint32_t index = (uint32_t)(slot - machine->slots);
    object->handles--;
    machine->open_handles--;
    if ((slot->attributes & OBJ_INHERIT) != 0)
        machine->inheritable_handles--;
    slot->object = NULL;
    slot->next_free = NO_SLOT;
    if (machine->free_slots == 0)
        machine->first_free = index;
    else
        machine->slots[machine->last_free].next_free = index;
    machine->last_free = index;
    machine->free_slots++;
    ntsim_dereference(machine, object);
}

/* Pseudo-handles: -1 is the caller (facts/nt.md 1.4), -2 its first thread [known]. */
static bool resolve_pseudo(const ntsim_machine *machine, nt_handle handle, ntsim_reach *reach)
{
    if (handle == NT_CURRENT_PROCESS)
        *reach = (ntsim_reach){&machine->caller->object, PROCESS_ALL_ACCESS};
    else if (handle == NT_CURRENT_THREAD && machine->caller->first_thread != NULL)
        *reach = (ntsim_reach){&machine->caller->first_thread->object, THREAD_ALL_ACCESS};
    else
        return false;
    return true;
}

nt_status ntsim_resolve(ntsim_machine *machine, nt_handle handle, enum ntsim_kind kind, ntsim_reach *reach)
{
    if (machine->resolver != NULL)
        return machine->resolver(handle, kind, reach);
    if (!resolve_pseudo(machine, handle, reach))
    {
        const ntsim_handle_slot *slot = ntsim_slot(machine, handle);
        if (slot == NULL)
            return STATUS_INVALID_HANDLE;
        *reach = (ntsim_reach){slot->object, slot->access};
    }
    return reach->object->kind == kind ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}
