/*
 * The only way from the kernel's services to the simulated machine, whose header speaks the same NT names as <ntifs.h>
 * in types of its own. Nothing here includes either. Every function is called under the kernel's lock (internal.h),
 * except that boot and shutdown are alone.
 */
#ifndef TRUSTLET_NTSIM_KERNEL_MACHINE_DOOR_H
#define TRUSTLET_NTSIM_KERNEL_MACHINE_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "../table.h"

struct ntsim_object;

typedef enum door_kind
{
    DOOR_PROCESS,
    DOOR_THREAD
} door_kind;

/* Resolves a handle of the current process or of the kernel for a query. Answers an NTSTATUS. */
typedef int32_t door_resolver(intptr_t handle, door_kind kind, struct ntsim_object **object, uint32_t *access);

enum ntsim_result door_boot(const void *table, uint32_t length, door_resolver *resolver);
void door_shutdown(void);
uint32_t door_build(void);

/* The process or thread with an id, as the machine's lookup finds it; NULL. */
struct ntsim_object *door_find(uint64_t id, door_kind kind);
uint32_t door_id(const struct ntsim_object *object);
struct ntsim_object *door_process_of(struct ntsim_object *thread);
/* A process's first running thread, NULL when it has none. */
struct ntsim_object *door_first_thread(struct ntsim_object *process);
/* Its n-th running thread's id, 0 when it has none. */
uint32_t door_thread_id(struct ntsim_object *process, uint32_t index);
uint64_t door_start_key(const struct ntsim_object *process);
void door_reference(struct ntsim_object *object);
void door_dereference(struct ntsim_object *object);
/* What the kernel remembers with an object. */
void *door_embedder(const struct ntsim_object *object);
void door_set_embedder(struct ntsim_object *object, void *embedder);

/* Rights of a kernel-mode open, and of a user-mode one, which may be refused. */
uint32_t door_access_of(door_kind kind, uint32_t access);
int32_t door_grant(struct ntsim_object *object, uint32_t access, uint32_t *granted);

int32_t door_query_process(intptr_t handle, uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned);
int32_t door_query_thread(intptr_t handle, uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned);
int32_t door_query_system(uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned);
/* `info` is an RTL_OSVERSIONINFOW. */
int32_t door_get_version(void *info);

void door_churn(void);
void door_set_churn(uint32_t churn);
bool door_exit_process(uint32_t pid);
bool door_exit_thread(uint32_t tid);
bool door_mark_exiting(uint32_t pid);
bool door_start_process(const void *table, uint32_t length);
bool door_reuse_pid(uint32_t pid, const void *table, uint32_t length);
/* `call`: enum ntsim_call. pid 0: any. */
void door_fail(uint32_t call, int32_t info_class, uint32_t pid, uint32_t nth, int32_t status);
void door_clear_faults(void);

#endif
