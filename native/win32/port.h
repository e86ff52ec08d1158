// The completion port of one environment, and the one thread that waits at it. The thread starts with the first device
// that needs it and is joined at the end.
#ifndef TRUSTLET_NATIVE_WIN32_PORT_H
#define TRUSTLET_NATIVE_WIN32_PORT_H

#include <windows.h>

#include <thread>

#include "handle.h"

namespace trustlet::win32
{

// Who is told of the packets of one file. Its address is the file's key at the port.
class Completed
{
  public:
    // The port's thread.
    virtual void completed(OVERLAPPED *overlapped) noexcept = 0;

  protected:
    ~Completed() = default;
};

class Port
{
  public:
    Port() = default;
    ~Port();
    Port(const Port &) = delete;
    Port &operator=(const Port &) = delete;

    // JavaScript's thread. Packets of this file go to `sink` from now on, which outlives all of them. False: there is no
    // port or thread to be had.
    bool add(HANDLE file, Completed &sink) noexcept;

  private:
    bool start() noexcept;
    void run() noexcept;

    Handle port_;
    std::thread thread_;
};

} // namespace trustlet::win32

#endif
