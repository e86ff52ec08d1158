#include "device.h"

#include <cstring>

namespace trustlet
{

// JavaScript's thread. Throws std::bad_alloc. The output is zeroed: what a driver says it wrote and did not is nobody's
// old memory.
Request::Request(std::uint32_t request_code, Bytes from, std::uint32_t room)
    : code(request_code), input_length(from.length), output_length(room),
      input(std::make_unique<std::uint8_t[]>(from.length)), output(std::make_unique<std::uint8_t[]>(room))
{
    if (from.length != 0)
        std::memcpy(input.get(), from.data, from.length);
}

// The thread on which the request ends.
void Request::settle(std::uint32_t status, std::size_t length)
{
    const std::size_t bounded = length < output_length ? length : output_length;
    const bool error = (status & 0xC0000000u) == 0xC0000000u;
    result = result_of(status, bounded, output_length);
    written = error ? 0 : bounded; // a warning has bytes, too
}

} // namespace trustlet
