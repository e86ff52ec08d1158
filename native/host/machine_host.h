// The one simulated machine of this process (simulated_system.h) between calls of the agent's and those that change it:
// any number of the former at a time, the latter alone. Each boot makes a new generation; what was opened before
// belongs to a machine that is gone.
#ifndef TRUSTLET_NATIVE_HOST_MACHINE_HOST_H
#define TRUSTLET_NATIVE_HOST_MACHINE_HOST_H

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "../device.h"

namespace trustlet::host
{

// STATUS_DEVICE_NOT_CONNECTED: there is no machine, or another one.
constexpr std::uint32_t NO_MACHINE = 0xC000009D;
constexpr std::uint32_t ANY_GENERATION = 0;

// A call of the agent's. While it lives, the machine does.
class AgentCall
{
  public:
    explicit AgentCall(std::uint32_t wanted) noexcept;
    ~AgentCall();
    AgentCall(const AgentCall &) = delete;
    AgentCall &operator=(const AgentCall &) = delete;
    // False: the machine of that generation does not run.
    explicit operator bool() const noexcept
    {
        return generation_ != 0;
    }
    std::uint32_t generation() const noexcept
    {
        return generation_;
    }

  private:
    std::uint32_t generation_; // 0: it does not run
};

// Any thread; each waits until no call of the agent's is under way, and keeps new ones waiting meanwhile. They answer
// NULL or an empty string, else what the simulated kernel says.
const char *boot(Bytes table);
std::string shutdown();
const char *exit_process(std::uint32_t pid);
const char *reuse_pid(std::uint32_t pid, Bytes table);
const char *fail(const std::string &call, std::int32_t info_class, std::uint32_t pid, std::uint32_t nth,
                 std::uint32_t status);
std::uint32_t open_handles();
std::uint32_t open_devices();
std::uint32_t requests_in_flight();

} // namespace trustlet::host

#endif
