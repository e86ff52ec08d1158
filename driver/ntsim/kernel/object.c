/* Objects: which pointers are objects at all, who refers to them, and when they go. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "poison.h"

#define BUCKETS 1024u
#define GRAVES 256u

static kernel_object *buckets[BUCKETS];
static kernel_object *ending;
/* Objects that went stay unreadable for a while: a pointer to one of them is nobody else's. */
static kernel_object *graveyard[GRAVES];
static unsigned next_grave;

static kernel_object **bucket_of(const void *body)
{
    return &buckets[((uintptr_t)body >> 4) % BUCKETS];
}

kernel_object *kernel_new_object(POBJECT_TYPE type, size_t body_bytes)
{
    kernel_object *object = kernel_allocate(sizeof *object);
    object->type = type;
    object->body = kernel_allocate(body_bytes);
    object->body_bytes = body_bytes;
    object->pins = 1;
    kernel_object **bucket = bucket_of(object->body);
    object->next_in_bucket = *bucket;
    *bucket = object;
    return object;
}

kernel_object *kernel_object_at(const void *body)
{
    kernel_object *object = *bucket_of(body);
    while (object != NULL && object->body != body)
        object = object->next_in_bucket;
    return object;
}

kernel_object *kernel_object_for(struct ntsim_object *machine_object, door_kind kind)
{
    kernel_object *object = door_embedder(machine_object);
    if (object != NULL)
    {
        object->pins++;
        return object;
    }
    object = kernel_new_object(kind == DOOR_PROCESS ? &kernel_process_type : &kernel_thread_type, 64);
    memset(object->body, NTSIM_FENCE, object->body_bytes); /* opaque to drivers */
    object->machine_object = machine_object;
    door_reference(machine_object);
    door_set_embedder(machine_object, object);
    return object;
}

void kernel_pin(kernel_object *object)
{
    object->pins++;
}

void kernel_unpin(kernel_object *object)
{
    object->pins--;
    kernel_release(object);
}

void kernel_release(kernel_object *object)
{
    if (object->references != 0 || object->handles != 0 || object->pins != 0)
        return;
    if (!object->type->unlocked)
    {
        object->type->end(object);
        return;
    }
    object->pins = 1; /* until its end */
    object->next_ending = ending;
    ending = object;
}

kernel_object *kernel_take_ending(void)
{
    kernel_object *taken = ending;
    ending = NULL;
    return taken;
}

static void bury(kernel_object *object)
{
    if (object == NULL)
        return;
    NTSIM_UNPOISON(object->body, object->body_bytes);
    if (!ntsim_holds_only(object->body, object->body_bytes, NTSIM_FREED))
        kernel_complain("a %s object was written to after it went", object->type->name);
    free(object->body);
    free(object);
}

void kernel_free_object(kernel_object *object)
{
    kernel_object **link = bucket_of(object->body);
    while (*link != object)
        link = &(*link)->next_in_bucket;
    *link = object->next_in_bucket;
    free(object->handles_of.entries);
    memset(object->body, NTSIM_FREED, object->body_bytes);
    NTSIM_POISON(object->body, object->body_bytes);
    bury(graveyard[next_grave]);
    graveyard[next_grave] = object;
    next_grave = (next_grave + 1) % GRAVES;
}

void kernel_empty_graveyard(void)
{
    for (unsigned i = 0; i < GRAVES; i++)
    {
        bury(graveyard[i]);
        graveyard[i] = NULL;
    }
}

void kernel_each_object(void (*visit)(kernel_object *object, void *context), void *context)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        for (kernel_object *object = buckets[i], *next; object != NULL; object = next)
        {
            next = object->next_in_bucket;
            visit(object, context);
        }
}

void kernel_describe_object(const kernel_object *object, char text[static 80])
{
    if (object->machine_object != NULL)
        (void)snprintf(text, 80, "%s %u", object->type->name, door_id(object->machine_object));
    else
        (void)snprintf(text, 80, "%s", object->type->name);
}

/* ---- processes and threads ---- */

static void end_machine_object(kernel_object *object)
{
    door_set_embedder(object->machine_object, NULL);
    door_dereference(object->machine_object);
    kernel_free_object(object);
}

struct _OBJECT_TYPE kernel_process_type = {"process", end_machine_object, false, PROCESS_ALL_ACCESS};
struct _OBJECT_TYPE kernel_thread_type = {"thread", end_machine_object, false, THREAD_ALL_ACCESS};

static POBJECT_TYPE process_type = &kernel_process_type, thread_type = &kernel_thread_type,
                    file_type = &kernel_file_type;
POBJECT_TYPE *PsProcessType = &process_type;
POBJECT_TYPE *PsThreadType = &thread_type;
POBJECT_TYPE *IoFileObjectType = &file_type;

/* ---- the check ---- */

typedef struct leak
{
    kernel_object *objects[64];
    unsigned count;
} leak;

static void find_leak(kernel_object *object, void *context)
{
    leak *found = context;
    if (object->references != 0 && found->count < 64)
        found->objects[found->count++] = object;
}

void kernel_check_objects(void)
{
    char name[80];
    char where[160];
    leak found = {.count = 0};
    kernel_lock();
    kernel_each_object(find_leak, &found);
    for (unsigned i = 0; i < found.count; i++)
    {
        kernel_object *object = found.objects[i];
        kernel_describe_object(object, name);
        kernel_complain("leaked reference: %s has %ld, the last from %s", name, object->references,
                        kernel_describe_site(object->site, where));
        object->references = 0;
        kernel_release(object);
    }
    kernel_unlock();
}
