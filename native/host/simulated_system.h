/*
 * The system beneath the host build: the driver's own C over the simulated kernel (driver/ntsim/kernel), seen from user
 * mode by one process, the scenario's agent. C++ sees this header alone: the NT headers behind it are C.
 *
 * Any thread may call anything; for the time of a call it is the agent's. Boot, shutdown and what happens to processes
 * must be alone with the machine: machine_host.cc sees to that.
 */
#ifndef TRUSTLET_NATIVE_HOST_SIMULATED_SYSTEM_H
#define TRUSTLET_NATIVE_HOST_SIMULATED_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

    /* ---- the machine ---- */

    /*
 * Boots from a table (lib/testing/scenario-table.ts) and loads the driver.
 * @return NULL, or why not; a machine whose driver does not load is ended again
 */
    const char *sim_boot(const void *table, uint32_t length);
    /*
 * Closes the agent's handles, unloads the driver and ends the machine.
 * @return what was left behind, one complaint a line, to be freed by the caller; NULL when there is no memory for it
 */
    char *sim_shutdown(void);

    /* ---- the agent's calls; statuses are NTSTATUS, unsigned ---- */

    uint32_t sim_current_pid(void);
    /* @return a Win32 error; with 0 the file is set */
    uint32_t sim_open_device(const char *path, intptr_t *file);
    /* `written` also names the request for sim_cancel. */
    uint32_t sim_ioctl(intptr_t file, uint32_t code, const void *input, uint32_t input_length, void *output,
                       uint32_t output_length, size_t *written);
    void sim_close_device(intptr_t file);
    /* CancelIoEx of the request that will set `written`. False: the driver has none such, not yet or no more. */
    bool sim_cancel(const size_t *written);
    uint32_t sim_open_process(uint32_t pid, uint32_t access, intptr_t *handle);
    uint32_t sim_open_thread(uint32_t tid, uint32_t access, intptr_t *handle);
    uint32_t sim_duplicate(intptr_t source, uint32_t access, intptr_t *handle);
    uint32_t sim_close(intptr_t handle);
    uint32_t sim_query_system(uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned);
    uint32_t sim_win32_error(uint32_t status);

    /* ---- what a test does to the machine ---- */

    /* False: no such process, or the agent itself. */
    bool sim_exit(uint32_t pid);
    /* False while something holds the old process. */
    bool sim_reuse(uint32_t pid, const void *table, uint32_t length);
    /* `call`: a name as in scenario faults. False: the simulated kernel has none such. */
    bool sim_fail(const char *call, int32_t info_class, uint32_t pid, uint32_t nth, uint32_t status);
    /* Handles of processes and threads that the agent has open, and of devices. */
    uint32_t sim_open_handles(void);
    uint32_t sim_open_devices(void);
    /* Requests that the driver is at work on. */
    uint32_t sim_requests_in_flight(void);

#ifdef __cplusplus
}
#endif

#endif
