/*
 * The simulated NT kernel: processes, threads, handles and the queries that the ntdll backend makes. One
 * `ntsim_machine` is one running system with one caller; nothing here is global. Functions are not locked: exports.c
 * puts one machine behind a mutex, other embedders bring their own lock.
 *
 * What it answers comes from facts/nt.md, not from Windows: agreement with it shows consistency with the facts.
 */
#ifndef TRUSTLET_NTSIM_MACHINE_H
#define TRUSTLET_NTSIM_MACHINE_H

#include <stdbool.h>

#include "nt_types.h"
#include "table.h"

enum ntsim_kind
{
    NTSIM_PROCESS_OBJECT,
    NTSIM_THREAD_OBJECT
};

/* What processes and threads share: an id in one name space, and references that keep the id from being reused. */
typedef struct ntsim_object
{
    enum ntsim_kind kind;
    uint32_t id;
    uint32_t references; /* running, handles, and for a process its thread objects */
    uint32_t handles;
    struct ntsim_object *next_in_bucket;
    void *embedder; /* what an embedder knows of it (kernel/machine_door.c); NULL without one */
} ntsim_object;

typedef struct ntsim_thread ntsim_thread;

typedef struct ntsim_process
{
    ntsim_object object;
    ntsim_table_process record; /* ids and times are this process's own; name and threads below */
    uint32_t origin;            /* number of its record over all tables of this machine; NTSIM_NONE: none */
    unsigned char *name;        /* UTF-16LE, record.name_bytes long; NULL when empty */
    bool exiting;               /* the Deleting bit */
    bool ended;
    int32_t exit_status;
    int64_t exit_time;
    ntsim_thread *first_thread; /* running ones */
    ntsim_thread *last_thread;
    uint32_t running_threads;
    struct ntsim_process *previous; /* every process whose object lives, in creation order */
    struct ntsim_process *next;
} ntsim_process;

struct ntsim_thread
{
    ntsim_object object;
    ntsim_process *process; /* referenced */
    bool ended;
    ntsim_thread *previous; /* of the process's running threads */
    ntsim_thread *next;
};

typedef struct ntsim_handle_slot
{
    ntsim_object *object; /* NULL: free */
    nt_access access;
    uint32_t attributes;
    uint32_t next_free;
} ntsim_handle_slot;

typedef struct ntsim_fault
{
    enum ntsim_call call;
    int32_t info_class; /* -1: any */
    enum
    {
        NTSIM_FAULT_ANY,
        NTSIM_FAULT_BY_PID,   /* whoever has this pid */
        NTSIM_FAULT_BY_ORIGIN /* processes started from this record */
    } target;
    uint32_t pid;
    uint32_t origin;
    uint32_t nth; /* 0: every matching call */
    uint32_t matched;
    nt_status status;
} ntsim_fault;

/* What a handle names and grants, pseudo-handles included. The object is borrowed, not referenced. */
typedef struct ntsim_reach
{
    ntsim_object *object;
    nt_access access;
} ntsim_reach;

/* How an embedder with handle tables of its own resolves a handle. */
typedef nt_status ntsim_resolver(nt_handle handle, enum ntsim_kind kind, ntsim_reach *reach);

typedef struct ntsim_machine
{
    ntsim_table table;
    ntsim_resolver *resolver; /* NULL: the caller's one table, below */
    ntsim_object **buckets;
    uint32_t bucket_mask;
    ntsim_process *first_process;
    ntsim_process *last_process;
    ntsim_process *caller;
    ntsim_handle_slot *slots;
    uint32_t slot_count;
    uint32_t slot_capacity;
    uint32_t first_free;
    uint32_t last_free;
    uint32_t free_slots;
    uint32_t open_handles;
    uint32_t inheritable_handles;
    ntsim_fault *faults;
    uint32_t fault_count;
    uint32_t fault_capacity;
    uint64_t calls[NTSIM_CALL_COUNT];
    uint32_t next_id;
    uint32_t next_origin;
    uint64_t next_sequence_number;
    uint64_t clock; /* FILETIME; moves by a fixed step at every event */
    uint32_t churn;
    uint32_t churned;
} ntsim_machine;

/* ---- life of a machine and of its processes (machine.c) ---- */

enum ntsim_result ntsim_machine_create(const void *table, uint32_t length, ntsim_machine **machine);
void ntsim_machine_destroy(ntsim_machine *machine);

/* Starts the processes of a table, each with its pid if that is free; the first one's pid is the answer. */
enum ntsim_result ntsim_machine_spawn(ntsim_machine *machine, const void *table, uint32_t length, uint32_t *pid);
/* The process ends: its threads end, it is no longer enumerated. Its object lives while handles are open. */
enum ntsim_result ntsim_machine_exit(ntsim_machine *machine, uint32_t pid);
enum ntsim_result ntsim_machine_exit_thread(ntsim_machine *machine, uint32_t tid);
/* Still enumerated and queryable, with the Deleting bit set. */
enum ntsim_result ntsim_machine_mark_exiting(ntsim_machine *machine, uint32_t pid);
/*
 * Ends the process if it runs and starts a table's first one with its pid. NTSIM_E_REFERENCED: handles are open, so
 * it has ended but its pid is still taken.
 */
enum ntsim_result ntsim_machine_reuse_with(ntsim_machine *machine, uint32_t pid, const void *table, uint32_t length);
/* The same with a record of the machine's own table. */
enum ntsim_result ntsim_machine_reuse(ntsim_machine *machine, uint32_t pid, uint32_t index);
/* One step of churn, if the machine churns (NTSIM_CHURN_*). */
void ntsim_machine_churn(ntsim_machine *machine);

static inline bool ntsim_policy(const ntsim_machine *machine, uint32_t policy)
{
    return (machine->table.header->policies & policy) != 0;
}

/* ---- objects (objects.c) ---- */

ntsim_object *ntsim_find(const ntsim_machine *machine, uint32_t id);
bool ntsim_enter_object(ntsim_machine *machine, ntsim_object *object);
void ntsim_reference(ntsim_object *object);
void ntsim_dereference(ntsim_machine *machine, ntsim_object *object);
ntsim_process *ntsim_process_of(ntsim_object *object);
nt_status ntsim_new_handle(ntsim_machine *machine, ntsim_object *object, nt_access access, uint32_t attributes,
                           nt_handle *handle);
/* The slot of a handle, NULL when there is none. Pseudo-handles have no slot. */
ntsim_handle_slot *ntsim_slot(ntsim_machine *machine, nt_handle handle);
void ntsim_free_slot(ntsim_machine *machine, ntsim_handle_slot *slot);

nt_status ntsim_resolve(ntsim_machine *machine, nt_handle handle, enum ntsim_kind kind, ntsim_reach *reach);

/* ---- faults (faults.c) ---- */

bool ntsim_add_fault(ntsim_machine *machine, const ntsim_fault *fault);
/* True when this call is to fail with *status. `process` may be NULL, then `pid` says who was meant. */
bool ntsim_fails(ntsim_machine *machine, enum ntsim_call call, int32_t info_class, const ntsim_process *process,
                 uint32_t pid, nt_status *status);

/* ---- access (open.c) ---- */

/* What an open with these rights asks for, generic bits and implied grants resolved (facts/nt.md 6.1). */
nt_access ntsim_access_of(const ntsim_machine *machine, enum ntsim_kind kind, nt_access access);
/* What this machine's user gets of an object, or STATUS_ACCESS_DENIED. */
nt_status ntsim_grant(const ntsim_machine *machine, ntsim_object *object, nt_access access, nt_access *granted);
/* The process or thread that a client's id names, NULL when there is none. */
ntsim_object *ntsim_lookup(const ntsim_machine *machine, uint64_t client, enum ntsim_kind kind);
/* Why an object that has ended cannot be opened, where the policy says so. */
nt_status ntsim_refuse_terminated(const ntsim_machine *machine, ntsim_object *object);

/* ---- the NT calls (open.c, query_process.c, query_system.c) ---- */

nt_status ntsim_open_process(ntsim_machine *machine, nt_handle *handle, nt_access access,
                             const nt_object_attributes *attributes, const nt_client_id *client_id);
nt_status ntsim_open_thread(ntsim_machine *machine, nt_handle *handle, nt_access access,
                            const nt_object_attributes *attributes, const nt_client_id *client_id);
nt_status ntsim_close(ntsim_machine *machine, nt_handle handle);
nt_status ntsim_duplicate(ntsim_machine *machine, nt_handle source_process, nt_handle source, nt_handle target_process,
                          nt_handle *target, nt_access access, uint32_t attributes, uint32_t options);
nt_status ntsim_query_process(ntsim_machine *machine, nt_handle handle, uint32_t info_class, void *buffer,
                              uint32_t length, uint32_t *return_length);
nt_status ntsim_query_thread(ntsim_machine *machine, nt_handle handle, uint32_t info_class, void *buffer,
                             uint32_t length, uint32_t *return_length);
nt_status ntsim_query_system(ntsim_machine *machine, uint32_t info_class, void *buffer, uint32_t length,
                             uint32_t *return_length);
nt_status ntsim_get_version(const ntsim_machine *machine, nt_os_version_info *info);
uint32_t ntsim_dos_error(nt_status status);

#endif
