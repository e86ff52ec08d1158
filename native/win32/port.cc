#include "port.h"

#include <exception>

namespace trustlet::win32
{

namespace
{

constexpr ULONG_PTR END_KEY = 0;

} // namespace

// The end of the environment, or a module that could not be initialised. No file sends packets any more.
Port::~Port()
{
    if (!thread_.joinable())
        return;
    (void)PostQueuedCompletionStatus(port_.get(), 0, END_KEY, nullptr);
    thread_.join();
}

bool Port::start() noexcept
try
{
    if (thread_.joinable())
        return true;
    if (!port_)
        port_ = Handle(CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1));
    if (!port_)
        return false;
    thread_ = std::thread([this] { run(); });
    return true;
}
catch (const std::exception &)
{
    return false;
}

bool Port::add(HANDLE file, Completed &sink) noexcept
{
    return start() && CreateIoCompletionPort(file, port_.get(), reinterpret_cast<ULONG_PTR>(&sink), 0) != nullptr;
}

// The port's thread. A packet of a request that failed is a packet all the same; without one the port is gone.
void Port::run() noexcept
{
    for (;;)
    {
        DWORD length = 0;
        ULONG_PTR key = END_KEY;
        OVERLAPPED *overlapped = nullptr;
        (void)GetQueuedCompletionStatus(port_.get(), &length, &key, &overlapped, INFINITE);
        if (overlapped == nullptr)
            return;
        reinterpret_cast<Completed *>(key)->completed(overlapped);
    }
}

} // namespace trustlet::win32
