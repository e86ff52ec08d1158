/*
 * What the library exports: ntdll's entry points over one machine, and the controls that load and change it. Every
 * entry is safe to call from any thread, and answers without a machine too: the NT calls with STATUS_UNSUCCESSFUL,
 * the controls with NTSIM_E_NO_MACHINE or 0.
 */
#ifndef TRUSTLET_NTSIM_H
#define TRUSTLET_NTSIM_H

#include "nt_types.h"
#include "table.h"

#ifdef _WIN32
#define NTSIM_EXPORT __declspec(dllexport)
#define NTSIM_NTAPI __stdcall
#else
#define NTSIM_EXPORT __attribute__((visibility("default")))
#define NTSIM_NTAPI
#endif

/* ---- ntdll's entry points ---- */

NTSIM_EXPORT nt_status NTSIM_NTAPI NtOpenProcess(nt_handle *handle, nt_access access, nt_object_attributes *attributes,
                                                 nt_client_id *client_id);
NTSIM_EXPORT nt_status NTSIM_NTAPI NtOpenThread(nt_handle *handle, nt_access access, nt_object_attributes *attributes,
                                                nt_client_id *client_id);
NTSIM_EXPORT nt_status NTSIM_NTAPI NtClose(nt_handle handle);
NTSIM_EXPORT nt_status NTSIM_NTAPI NtDuplicateObject(nt_handle source_process, nt_handle source,
                                                     nt_handle target_process, nt_handle *target, nt_access access,
                                                     uint32_t attributes, uint32_t options);
NTSIM_EXPORT nt_status NTSIM_NTAPI NtQueryInformationProcess(nt_handle handle, uint32_t info_class, void *buffer,
                                                             uint32_t length, uint32_t *return_length);
NTSIM_EXPORT nt_status NTSIM_NTAPI NtQueryInformationThread(nt_handle handle, uint32_t info_class, void *buffer,
                                                            uint32_t length, uint32_t *return_length);
NTSIM_EXPORT nt_status NTSIM_NTAPI NtQuerySystemInformation(uint32_t info_class, void *buffer, uint32_t length,
                                                            uint32_t *return_length);
NTSIM_EXPORT nt_status NTSIM_NTAPI RtlGetVersion(nt_os_version_info *info);
NTSIM_EXPORT uint32_t NTSIM_NTAPI RtlNtStatusToDosError(nt_status status);

/* ---- controls: enum ntsim_result unless said otherwise ---- */

/* A machine from a table (table.h); the one before it goes, its open handles with it. */
NTSIM_EXPORT uint32_t ntsim_load(const void *table, uint32_t length);
NTSIM_EXPORT void ntsim_unload(void);
NTSIM_EXPORT uint32_t ntsim_exit(uint32_t pid);
NTSIM_EXPORT uint32_t ntsim_exit_thread(uint32_t tid);
NTSIM_EXPORT uint32_t ntsim_mark_exiting(uint32_t pid);
NTSIM_EXPORT uint32_t ntsim_spawn(const void *table, uint32_t length, uint32_t *pid);
/* The pid comes back as another process: of the loaded table's record, or of another table's first one. */
NTSIM_EXPORT uint32_t ntsim_reuse(uint32_t pid, uint32_t index);
NTSIM_EXPORT uint32_t ntsim_reuse_with(uint32_t pid, const void *table, uint32_t length);
/*
 * A call fails from now on. info_class -1: any; pid 0: any target; nth 0: every matching call, else only the n-th
 * from now.
 */
NTSIM_EXPORT uint32_t ntsim_fail(uint32_t call, int32_t info_class, uint32_t pid, uint32_t nth, uint32_t status);
/* No call fails any more, those the table named included. */
NTSIM_EXPORT uint32_t ntsim_clear_faults(void);
NTSIM_EXPORT uint32_t ntsim_set_churn(uint32_t churn);
/*
 * Counts: handles now open, those of them that a child would inherit, and how often a call (enum ntsim_call) was
 * made.
 */
NTSIM_EXPORT uint32_t ntsim_open_handles(void);
NTSIM_EXPORT uint32_t ntsim_inheritable_handles(void);
NTSIM_EXPORT uint64_t ntsim_calls(uint32_t call);
/* ntsim_table_describe */
NTSIM_EXPORT uint32_t ntsim_table_layout(char *text, uint32_t length);

#endif
