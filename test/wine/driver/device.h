/* What the Wine clients share: the device, requests, stand-ins, the scripted table, and a counter of tests. */
#ifndef TRUSTLET_WINE_DEVICE_H
#define TRUSTLET_WINE_DEVICE_H

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>

#include "trustlet_protocol.h"

/* ---- tests ---- */

extern int passed;
extern int failed;
/* Counts and prints one test. */
void check(bool good, const char *title);
/* Prints the last line; answers the exit code. */
int finish(void);

/* ---- the driver ---- */

/* The service and its device: the production build's, or the test build's. */
typedef struct driver_names
{
    const char *service;
    const char *device;
} driver_names;
extern const driver_names production;
extern const driver_names simulation;

HANDLE open_device(const driver_names *names, DWORD access);
/* DeviceIoControl; answers GetLastError() or 0. */
DWORD ask(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output, DWORD output_length,
          DWORD *returned);

typedef struct query_one_answer
{
    TL_QUERY_REPLY reply;
    TL_PROCESS_RECORD record;
} query_one_answer;
DWORD query_one(HANDLE device, DWORD pid, TL_PROCESS_RECORD *record);

typedef struct examine_answer
{
    TL_EXAMINE_REPLY reply;
    TL_PROCESS_RECORD record;
} examine_answer;
TL_EXAMINE_REQUEST examine_request(HANDLE handle, uint32_t kind);
DWORD examine(HANDLE device, const TL_EXAMINE_REQUEST *request, examine_answer *answer);

typedef struct guard_answer
{
    TL_GUARD_REPLY reply;
    TL_PROCESS_RECORD record;
} guard_answer;
TL_GUARD_REQUEST guard_request(HANDLE handle, uint32_t kind, uint32_t operations);
DWORD guard(HANDLE device, const TL_GUARD_REQUEST *request, guard_answer *answer);

DWORD hello(HANDLE device, TL_HELLO_REPLY *reply);

/* ---- stand-ins: this program started again, doing nothing until it is ended ---- */

typedef struct stand_in
{
    DWORD pid;
    DWORD tid;
    HANDLE process;
    HANDLE thread;
} stand_in;
stand_in start_stand_in(void);
void end_stand_in(stand_in *process);

/* ---- the test build's table (seam/script.h) ---- */

/* What the kernel says of this pid from now on: NTSTATUS of the extended query, Flags word, PS_PROTECTION (0xFF: none).
 */
void script_process(DWORD pid, DWORD status, DWORD flags, BYTE protection);
void unscript_process(DWORD pid);

#endif
