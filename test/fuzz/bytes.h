/*
 * Little-endian words at offsets: the fuzzers know the wire format as offsets and numbers (docs/protocol.md), not
 * through the header that the driver is built from.
 */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint64_t FuzzGet(const void *Bytes, uint32_t Offset, uint32_t Width)
{
    uint64_t Value = 0;
    memcpy(&Value, (const uint8_t *)Bytes + Offset, Width);
    return Value;
}

static inline uint16_t FuzzGet16(const void *Bytes, uint32_t Offset)
{
    return (uint16_t)FuzzGet(Bytes, Offset, 2);
}

static inline uint32_t FuzzGet32(const void *Bytes, uint32_t Offset)
{
    return (uint32_t)FuzzGet(Bytes, Offset, 4);
}

static inline uint64_t FuzzGet64(const void *Bytes, uint32_t Offset)
{
    return FuzzGet(Bytes, Offset, 8);
}

static inline void FuzzPut(void *Bytes, uint32_t Offset, uint32_t Width, uint64_t Value)
{
    memcpy((uint8_t *)Bytes + Offset, &Value, Width);
}
