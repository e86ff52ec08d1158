/* Requests as bytes, to be bent: what the tests of the validation share. */
#ifndef TRUSTLET_TEST_REQUEST_BYTES_H
#define TRUSTLET_TEST_REQUEST_BYTES_H

#include "bench.h"

/* A request as bytes, to be bent. */
typedef struct request
{
    ULONG code;
    ULONG length;
    ULONG room;
    UINT8 bytes[2048];
} request;

/* The messages: hello, query, census, examine, guard, stats. */
#define KINDS 6

request made(ULONG code, const void *bytes, ULONG length, ULONG room);
void put16(request *made_request, size_t offset, UINT16 value);
void put32(request *made_request, size_t offset, UINT32 value);
void put64(request *made_request, size_t offset, UINT64 value);
NTSTATUS validate(const request *asked);
request hello(void);
request query(UINT32 count);
request census(void);
request examining(void);
request guarding(void);
request stats(void);
request any(int kind);

#endif
