#include "machine_host.h"

#include <cstdlib>
#include <memory>
#include <thread>

#include "simulated_system.h"

namespace trustlet::host
{

namespace
{

// Without destructors, all of it: other threads may still be at work when the process exits.
std::atomic<std::uint32_t> calls_under_way{0};
std::atomic<std::uint32_t> running{0}; // the generation; 0: no machine, or one that is being changed
std::mutex changing;
std::uint32_t present = 0; // the generation; 0: no machine. This and the next under `changing`
std::uint32_t boots = 0;

// While it lives, this thread is alone with the machine. Calls take microseconds, so waiting for them spins.
class Alone
{
  public:
    Alone() : hold_(changing)
    {
        running.store(0);
        while (calls_under_way.load() != 0)
            std::this_thread::yield();
    }
    ~Alone()
    {
        running.store(present);
    }
    Alone(const Alone &) = delete;
    Alone &operator=(const Alone &) = delete;

  private:
    const std::lock_guard<std::mutex> hold_;
};

struct Free
{
    void operator()(char *text) const noexcept
    {
        std::free(text);
    }
};

// Ends the machine if there is one. Alone.
std::string end_machine()
{
    if (present == 0)
        return std::string();
    present = 0;
    const std::unique_ptr<char, Free> complaints(sim_shutdown());
    return complaints == nullptr ? std::string("no memory for complaints\n") : std::string(complaints.get());
}

constexpr const char *NO_MACHINE_RUNS = "no machine runs";

} // namespace

AgentCall::AgentCall(std::uint32_t wanted) noexcept
{
    calls_under_way.fetch_add(1);
    generation_ = running.load();
    if (generation_ == 0)
    {
        // None, or it is being changed: once it has been, this call counts before the next change can begin.
        calls_under_way.fetch_sub(1);
        const std::lock_guard<std::mutex> hold(changing);
        calls_under_way.fetch_add(1);
        generation_ = present;
    }
    if (wanted != ANY_GENERATION && wanted != generation_)
        generation_ = 0;
}

AgentCall::~AgentCall()
{
    calls_under_way.fetch_sub(1);
}

const char *boot(Bytes table)
{
    const Alone alone;
    (void)end_machine();
    const char *why = sim_boot(table.data, table.length);
    if (why == nullptr)
        present = ++boots;
    return why;
}

std::string shutdown()
{
    const Alone alone;
    return end_machine();
}

const char *exit_process(std::uint32_t pid)
{
    const Alone alone;
    if (present == 0)
        return NO_MACHINE_RUNS;
    return sim_exit(pid) ? nullptr : "no such process runs, or it is the agent";
}

const char *reuse_pid(std::uint32_t pid, Bytes table)
{
    const Alone alone;
    if (present == 0)
        return NO_MACHINE_RUNS;
    return sim_reuse(pid, table.data, table.length) ? nullptr : "the pid is not free for another process";
}

const char *fail(const std::string &call, std::int32_t info_class, std::uint32_t pid, std::uint32_t nth,
                 std::uint32_t status)
{
    const Alone alone;
    if (present == 0)
        return NO_MACHINE_RUNS;
    return sim_fail(call.c_str(), info_class, pid, nth, status) ? nullptr : "the simulated kernel has no such call";
}

std::uint32_t open_handles()
{
    const AgentCall call(ANY_GENERATION);
    return call ? sim_open_handles() : 0;
}

std::uint32_t open_devices()
{
    const AgentCall call(ANY_GENERATION);
    return call ? sim_open_devices() : 0;
}

std::uint32_t requests_in_flight()
{
    const AgentCall call(ANY_GENERATION);
    return call ? sim_requests_in_flight() : 0;
}

// ---- calls on processes and threads ----

namespace
{

template <class Call> std::uint32_t opened(std::int64_t *handle, Call make) noexcept
{
    const AgentCall call(ANY_GENERATION);
    std::intptr_t made = 0;
    const std::uint32_t status = call ? make(&made) : NO_MACHINE;
    *handle = made;
    return status;
}

} // namespace

} // namespace trustlet::host

namespace trustlet::calls
{

using host::AgentCall;
using host::ANY_GENERATION;
using host::NO_MACHINE;

const char *const kind = "host";

bool available(const char **) noexcept
{
    return true;
}

std::uint32_t current_process_id() noexcept
{
    const AgentCall call(ANY_GENERATION);
    return call ? sim_current_pid() : 0;
}

std::uint32_t open_process(std::uint32_t pid, std::uint32_t access, std::int64_t *handle) noexcept
{
    return host::opened(handle, [=](std::intptr_t *made) { return sim_open_process(pid, access, made); });
}

std::uint32_t open_thread(std::uint32_t tid, std::uint32_t access, std::int64_t *handle) noexcept
{
    return host::opened(handle, [=](std::intptr_t *made) { return sim_open_thread(tid, access, made); });
}

std::uint32_t duplicate(std::int64_t source, std::uint32_t access, std::int64_t *handle) noexcept
{
    return host::opened(handle, [=](std::intptr_t *made) { return sim_duplicate(source, access, made); });
}

std::uint32_t close(std::int64_t handle) noexcept
{
    const AgentCall call(ANY_GENERATION);
    return call ? sim_close(handle) : NO_MACHINE;
}

std::uint32_t query_system(std::uint32_t info_class, Bytes buffer, std::uint32_t *returned) noexcept
{
    const AgentCall call(ANY_GENERATION);
    *returned = 0;
    return call ? sim_query_system(info_class, buffer.data, buffer.length, returned) : NO_MACHINE;
}

std::uint32_t win32_error(std::uint32_t status) noexcept
{
    return sim_win32_error(status);
}

} // namespace trustlet::calls
