// A device of Windows. One overlapped handle serves both ways: a synchronous request waits for an event of its own and
// sends no packet, an asynchronous one is told of through the environment's port.
#include <cstddef>

#include "../in_flight.h"
#include "handle.h"
#include "ntdll.h"
#include "port.h"

namespace trustlet
{

namespace
{

using win32::Handle;
using win32::IoStatusBlock;
using win32::ntdll;

constexpr std::uint32_t PENDING = 0x00000103;

constexpr bool is_error(std::uint32_t status)
{
    return (status & 0xC0000000u) == 0xC0000000u;
}

class Win32Request;

// What a packet names, and whose it is. Standard layout, so that the one is found from the other.
struct Envelope
{
    OVERLAPPED overlapped;
    Win32Request *request;
};
static_assert(offsetof(Envelope, overlapped) == 0, "an envelope is where its OVERLAPPED is");

class Win32Request final : public Request
{
  public:
    using Request::Request;
    Envelope envelope = {{}, this};
};

class Win32Device final : public Device, private win32::Completed
{
  public:
    Win32Device(Handle file, Handle event, win32::Port &port, const Settled &settled)
        : file_(std::move(file)), event_(std::move(event)), port_(port), in_flight_(settled)
    {
    }

    ~Win32Device() override
    {
        close();
        wait();
    }

    // The caller's buffers stay where they are: its thread is here.
    IoctlResult ioctl(std::uint32_t code, Bytes input, Bytes output) noexcept override
    {
        if (!file_)
            return failure(STATUS_FILE_CLOSED_HERE);
        IoStatusBlock block = {};
        block.status = static_cast<LONG>(PENDING);
        auto status = static_cast<std::uint32_t>(
            ntdll().device_io_control_file(file_.get(), event_.get(), nullptr, nullptr, &block, code, input.data,
                                           input.length, output.data, output.length));
        if (status == PENDING)
            status = wait_for(block);
        return result_of(status, block.information, output.length);
    }

    std::shared_ptr<Request> start(std::uint32_t code, Bytes input, std::uint32_t output_length) override
    {
        auto request = std::make_shared<Win32Request>(code, input, output_length);
        in_flight_.add(request);
        if (!file_)
            in_flight_.settle(*request, STATUS_FILE_CLOSED_HERE, 0);
        else if (!at_port())
            in_flight_.settle(*request, STATUS_NO_MEMORY_HERE, 0);
        else
            send(*request);
        return request;
    }

    void cancel(Request &request) noexcept override
    {
        in_flight_.with(request,
                        [this](Win32Request &each) { (void)CancelIoEx(file_.get(), &each.envelope.overlapped); });
    }

    void close() noexcept override
    {
        if (!file_)
            return;
        in_flight_.with_each([this](Win32Request &each) { (void)CancelIoEx(file_.get(), &each.envelope.overlapped); });
        in_flight_.wait_a_little();
        file_.reset();
        event_.reset();
    }

    void wait() noexcept override
    {
        in_flight_.wait_for_none();
    }

  private:
    // The block says when it is over, and the event only when to look: whoever closes a number that is not theirs and
    // makes the wait end early must not have the system write into a frame that is gone.
    std::uint32_t wait_for(const volatile IoStatusBlock &block) const noexcept
    {
        for (;;)
        {
            (void)WaitForSingleObject(event_.get(), INFINITE);
            const auto status = static_cast<std::uint32_t>(block.status);
            if (status != PENDING)
                return status;
            Sleep(1);
        }
    }

    bool at_port() noexcept
    {
        at_port_ = at_port_ || port_.add(file_.get(), *this);
        return at_port_;
    }

    // A request that fails at once sends no packet; every other one does, even one that has succeeded already.
    void send(Win32Request &request) noexcept
    {
        auto *block = reinterpret_cast<IoStatusBlock *>(&request.envelope.overlapped);
        const auto status = static_cast<std::uint32_t>(ntdll().device_io_control_file(
            file_.get(), nullptr, nullptr, &request.envelope.overlapped, block, request.code, request.input.get(),
            request.input_length, request.output.get(), request.output_length));
        if (is_error(status))
            in_flight_.settle(request, status, 0);
    }

    // The port's thread.
    void completed(OVERLAPPED *overlapped) noexcept override
    {
        Win32Request &request = *reinterpret_cast<Envelope *>(overlapped)->request;
        in_flight_.settle(request, static_cast<std::uint32_t>(overlapped->Internal), overlapped->InternalHigh);
    }

    Handle file_;
    Handle event_; // of the one synchronous request there can be: a device belongs to one thread
    win32::Port &port_;
    InFlight<Win32Request> in_flight_;
    bool at_port_ = false;
};

class Win32Devices final : public Devices
{
  public:
    explicit Win32Devices(Settled settled) : settled_(std::move(settled))
    {
    }

    // Whatever has this name learns nothing of who asks: a pipe of that name could not impersonate the caller.
    Opening open(const std::u16string &path) override
    {
        static_assert(sizeof(char16_t) == sizeof(wchar_t), "UTF-16");
        Handle event(CreateEventW(nullptr, TRUE, FALSE, nullptr));
        if (!event)
            return {nullptr, GetLastError()};
        Handle file(CreateFileW(reinterpret_cast<const wchar_t *>(path.c_str()), GENERIC_READ,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr));
        if (!file)
            return {nullptr, GetLastError()};
        return {std::make_unique<Win32Device>(std::move(file), std::move(event), port_, settled_), 0};
    }

  private:
    const Settled settled_;
    win32::Port port_;
};

} // namespace

std::unique_ptr<Devices> make_devices(Settled settled)
{
    return std::make_unique<Win32Devices>(std::move(settled));
}

} // namespace trustlet
