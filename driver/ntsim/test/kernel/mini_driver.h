/* A driver of a page, which makes one mistake when it is told to. */
#ifndef TRUSTLET_NTSIM_TEST_KERNEL_MINI_DRIVER_H
#define TRUSTLET_NTSIM_TEST_KERNEL_MINI_DRIVER_H

#include "cases.h"

typedef enum mini_mistake
{
    MINI_NONE,
    MINI_ENTRY_FAILS,
    MINI_ENTRY_LEAVES_DEVICE, /* and fails */
    MINI_ENTRY_OPENS_DEVICE,  /* opens its own device before it has returned */
    MINI_NO_UNLOAD,
    MINI_UNLOAD_LEAVES_DEVICE,
    MINI_UNLOAD_LEAVES_LINK,
    MINI_REFUSES_CREATE,
    MINI_COMPLETES_TWICE,
    MINI_NEVER_COMPLETES,
    MINI_COMPLETES_AS_PENDING,
    MINI_RETURNS_ANOTHER_STATUS,
    MINI_RETURNS_PENDING_UNMARKED,
    MINI_TELLS_TOO_MUCH,
    MINI_WRITES_PAST_BUFFER,
    MINI_TOUCHES_IRP_AFTERWARDS,
    MINI_TOUCHES_BUFFER_AFTERWARDS,
    MINI_ASKS_REQUESTOR_AFTERWARDS,
    MINI_KEEPS_CANCEL_ROUTINE,
    MINI_KEEPS_LOCK,
    MINI_STAYS_RAISED,
    MINI_REFERENCES_FILE,
    MINI_REFERENCES_FILE_IN_CLOSE
} mini_mistake;

extern mini_mistake mini_mistake_made;
extern bool mini_secure_open; /* FILE_DEVICE_SECURE_OPEN; at first true */

#define MINI_CODE(function, access) CTL_CODE(0x8000, function, METHOD_BUFFERED, access)
#define MINI_ECHO MINI_CODE(0x800, FILE_READ_DATA)    /* the input is the output */
#define MINI_STATUS MINI_CODE(0x801, FILE_ANY_ACCESS) /* completes with the status that the input holds, 4 bytes */
#define MINI_WHO MINI_CODE(0x802, FILE_ANY_ACCESS)    /* four numbers: current pid, requestor's pid, mode, cancelled */
#define MINI_WAIT MINI_CODE(0x803, FILE_ANY_ACCESS)   /* until mini_let_go, or until it is cancelled */
#define MINI_PEND MINI_CODE(0x804, FILE_ANY_ACCESS)   /* pending; completed by mini_complete_pending */
#define MINI_WRITE MINI_CODE(0x805, FILE_WRITE_DATA)
#define MINI_ALLOCATE                                                                                                  \
    MINI_CODE(0x806,                                                                                                   \
              FILE_ANY_ACCESS) /* allocates and frees twice, by two ways through one helper                     \
                                       */

NTSTATUS mini_load(PDRIVER_OBJECT *driver);
/* Requests that reached the driver and were not answered yet. */
int mini_waiting(void);
void mini_let_go(void);
void mini_complete_pending(void);
/* What has arrived so far, a letter each: create, read..., C for CLOSE, U for cleanUp, O for create ("open"), I for
 * ioctl. */
const char *mini_log(void);

#endif
