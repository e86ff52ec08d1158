/*
 * The whole driver, DriverEntry to unload, on a small simulated machine: what the tests of driver/wdm share. Simulated
 * kernel.
 */
#ifndef TRUSTLET_TEST_WDM_STAND_H
#define TRUSTLET_TEST_WDM_STAND_H

#include "../../../driver/ntsim/test/check.h"
#include "kernel.h"
#include "trustlet_protocol.h"

#define AGENT_PID 2000u
#define OTHER_PID 2004u
#define LSAISO_PID 812u
#define DEVICE_PATH "\\\\.\\Trustlet"
/* S-1-5-80-1-2-3-4-5: a service SID as the registry has it. */
#define SERVICE_SID_BYTES 32u
extern const UINT8 stand_service_sid[SERVICE_SID_BYTES];

/* The loaded driver; NULL if it is not. */
extern PDRIVER_OBJECT stand_driver;
DRIVER_INITIALIZE DriverEntry;

/* Boots the machine; the driver is not loaded yet. */
void stand_boot(void);
/* Loads the driver; this host thread then is the agent's. */
NTSTATUS stand_load(void);
/* Unloads the driver if it is loaded, and ends the machine; complaints of the kernel are failures of the test. */
void stand_end(void);
/* Sets the service's Parameters\ClientServiceSid. */
void stand_set_client_sid(ULONG type, const void *bytes, ULONG length);

/* Opens the device for reading; NULL if that fails, which fails the test. */
HANDLE stand_open(void);
/* STATS and QUERY through the device. */
NTSTATUS stand_stats(HANDLE file, TL_STATS_REPLY *stats);
NTSTATUS stand_query(HANDLE file, UINT32 pid, TL_PROCESS_RECORD *record);
/* QUERY of `count` pids, all of them the trustlet's; only the status matters. */
NTSTATUS stand_long_query(HANDLE file, UINT32 count);
/* EXAMINE of the calling process itself. */
NTSTATUS stand_examine_self(HANDLE file, UINT8 *verdict);

#endif
