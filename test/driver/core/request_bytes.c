#include "request_bytes.h"

#include <stdlib.h>
#include <string.h>

#include "validate.h"

request made(ULONG code, const void *bytes, ULONG length, ULONG room)
{
    request result = {.code = code, .length = length, .room = room};
    memcpy(result.bytes, bytes, length);
    return result;
}

void put16(request *made_request, size_t offset, UINT16 value)
{
    memcpy(made_request->bytes + offset, &value, sizeof value);
}

void put32(request *made_request, size_t offset, UINT32 value)
{
    memcpy(made_request->bytes + offset, &value, sizeof value);
}

void put64(request *made_request, size_t offset, UINT64 value)
{
    memcpy(made_request->bytes + offset, &value, sizeof value);
}

/* From memory that ends with the request: the address sanitizer sees whoever reads on. */
NTSTATUS validate(const request *asked)
{
    TL_VALID_REQUEST valid;
    UINT8 *exact = malloc(asked->length == 0 ? 1 : asked->length);
    memcpy(exact, asked->bytes, asked->length);
    const NTSTATUS status = TlValidateRequest(asked->code, exact, asked->length, asked->room, &valid);
    free(exact);
    return status;
}

request hello(void)
{
    const TL_HELLO_REQUEST bytes = hello_request();
    return made(TL_IOCTL_HELLO, &bytes, 24, 72);
}

request query(UINT32 count)
{
    request result = {.code = TL_IOCTL_QUERY, .length = 24 + count * 4, .room = 16 + count * 64};
    put32(&result, 0, 24);
    put16(&result, 4, 1);
    put16(&result, 6, 2);
    put32(&result, 8, 16);
    put32(&result, 12, 64);
    put32(&result, 16, count);
    return result;
}

request census(void)
{
    const TL_CENSUS_REQUEST bytes = census_request();
    return made(TL_IOCTL_CENSUS, &bytes, 40, 48);
}

request examining(void)
{
    const TL_EXAMINE_REQUEST bytes = examine_request((HANDLE)(ULONG_PTR)4, TL_KIND_PROCESS);
    return made(TL_IOCTL_EXAMINE, &bytes, 64, 104);
}

request guarding(void)
{
    const TL_GUARD_REQUEST bytes = guard_request((HANDLE)(ULONG_PTR)4, TL_KIND_PROCESS, TL_OPERATION_READ);
    return made(TL_IOCTL_GUARD, &bytes, 72, 112);
}

request stats(void)
{
    const TL_STATS_REQUEST bytes = stats_request();
    return made(TL_IOCTL_STATS, &bytes, 16, 128);
}

request any(int kind)
{
    switch (kind)
    {
    case 0:
        return hello();
    case 1:
        return query(2);
    case 2:
        return census();
    case 3:
        return examining();
    case 4:
        return guarding();
    default:
        return stats();
    }
}
