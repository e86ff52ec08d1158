// What lies between the addon and the system: a device that takes requests, and the calls on processes and threads.
// device_win32.cc and process_win32.cc are the real one; host/ holds the one for tests. Nothing here knows JavaScript.
#ifndef TRUSTLET_NATIVE_DEVICE_H
#define TRUSTLET_NATIVE_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace trustlet
{

// As lib/native/binding.ts has it: bytes written when it is 0 or more, else the negated NTSTATUS.
using IoctlResult = std::int64_t;

// Names of their own: the system's headers have the others as macros.
constexpr std::uint32_t STATUS_NO_MEMORY_HERE = 0xC0000017;
constexpr std::uint32_t STATUS_INVALID_USER_BUFFER_HERE = 0xC00000E8;
constexpr std::uint32_t STATUS_CANCELLED_HERE = 0xC0000120;
constexpr std::uint32_t STATUS_FILE_CLOSED_HERE = 0xC0000128;

constexpr IoctlResult failure(std::uint32_t status)
{
    return -static_cast<IoctlResult>(status);
}

// NT_SUCCESS: warnings and errors have bit 31.
constexpr bool succeeded(std::uint32_t status)
{
    return (status & 0x80000000u) == 0;
}

// What an ioctl came to. Never more than there was room for, whatever the system says.
constexpr IoctlResult result_of(std::uint32_t status, std::size_t written, std::size_t room)
{
    return succeeded(status) ? static_cast<IoctlResult>(written < room ? written : room) : failure(status);
}

struct Bytes
{
    std::uint8_t *data;
    std::uint32_t length;
};

// An asynchronous request: its own copies of both buffers, so that nothing of a caller's is touched meanwhile. Whoever
// has it settled may read it; before that it belongs to its device.
class Request
{
  public:
    Request(std::uint32_t request_code, Bytes from, std::uint32_t room);
    virtual ~Request() = default;
    Request(const Request &) = delete;
    Request &operator=(const Request &) = delete;

    // What the device says of it; `length` bytes of the output are meant, with an error none.
    void settle(std::uint32_t status, std::size_t length);

    const std::uint32_t code;
    const std::uint32_t input_length;
    const std::uint32_t output_length;
    const std::unique_ptr<std::uint8_t[]> input;
    const std::unique_ptr<std::uint8_t[]> output;
    IoctlResult result = 0;
    std::size_t written = 0;
    std::shared_ptr<Request> next; // in whatever list it is in once it has settled
};

// Called once for each request that was started, from any thread, possibly before `start` returns. It must not throw,
// allocate, or call the device.
using Settled = std::function<void(std::shared_ptr<Request>)>;

// An open device. `ioctl`, `start`, `cancel` and `close` are called by the thread that opened it.
class Device
{
  public:
    Device() = default;
    virtual ~Device() = default; // closes, and waits
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;

    // Waits for the answer on the calling thread.
    virtual IoctlResult ioctl(std::uint32_t code, Bytes input, Bytes output) noexcept = 0;
    // Throws std::bad_alloc, and then nothing has started.
    virtual std::shared_ptr<Request> start(std::uint32_t code, Bytes input, std::uint32_t output_length) = 0;
    // A request that has settled stays settled.
    virtual void cancel(Request &request) noexcept = 0;
    // Cancels what is in flight, waits a second at most until all of it has settled, and closes the handle. Repeatable.
    virtual void close() noexcept = 0;
    // After close: waits, however long it takes, for what a driver did not give up.
    virtual void wait() noexcept = 0;
};

// A device, or the Win32 error why not.
struct Opening
{
    std::unique_ptr<Device> device;
    std::uint32_t error;
};

// What devices of one environment share: whatever waits for their requests, a completion port or threads. It outlives
// its devices; its end leaves no thread.
class Devices
{
  public:
    Devices() = default;
    virtual ~Devices() = default;
    Devices(const Devices &) = delete;
    Devices &operator=(const Devices &) = delete;

    // Path in UTF-16 without NUL. Calling thread; waits for the driver's answer.
    virtual Opening open(const std::u16string &path) = 0;
};

std::unique_ptr<Devices> make_devices(Settled settled);

// The calls on processes and threads, each on the calling thread. Statuses are NTSTATUS, handles sign-extended.
namespace calls
{
// `win32` or `host`.
extern const char *const kind;
// False: an entry point is missing, which is named.
bool available(const char **missing) noexcept;
std::uint32_t current_process_id() noexcept;
std::uint32_t open_process(std::uint32_t pid, std::uint32_t access, std::int64_t *handle) noexcept;
std::uint32_t open_thread(std::uint32_t tid, std::uint32_t access, std::int64_t *handle) noexcept;
std::uint32_t duplicate(std::int64_t source, std::uint32_t access, std::int64_t *handle) noexcept;
std::uint32_t close(std::int64_t handle) noexcept;
std::uint32_t query_system(std::uint32_t info_class, Bytes buffer, std::uint32_t *returned) noexcept;
std::uint32_t win32_error(std::uint32_t status) noexcept;
} // namespace calls

} // namespace trustlet

#endif
