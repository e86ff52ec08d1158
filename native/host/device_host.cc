// The device of the simulated machine. The driver answers every request on the thread that brings it, so requests that
// shall not wait go to a few threads of the environment's own.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "../in_flight.h"
#include "machine_host.h"
#include "simulated_system.h"

namespace trustlet
{

namespace
{

constexpr std::size_t MOST_THREADS = 4;

class HostRequest final : public Request
{
  public:
    using Request::Request;
    std::size_t length = 0; // what the simulated kernel writes; its address is the request's name there
    std::atomic<bool> given_up{false};

    // True: the driver knows. False: it is on its way to a thread, to the driver or back.
    bool give_up() noexcept
    {
        given_up.store(true);
        return sim_cancel(&length);
    }
};

// Whose request it is. A closing device takes its waiting work out again.
class Runner
{
  public:
    virtual void run(HostRequest &request) noexcept = 0;

  protected:
    ~Runner() = default;
};

struct Work
{
    Runner *runner;
    std::shared_ptr<HostRequest> request;
};

// Threads that run work in order, started as they are needed, joined at the end.
class Workers
{
  public:
    ~Workers()
    {
        {
            const std::lock_guard<std::mutex> hold(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_)
            thread.join();
    }

    // JavaScript's thread. False: there is no memory, or no thread to be had.
    bool add(Work work) noexcept
    try
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        if (threads_.size() < MOST_THREADS && idle_ <= waiting_.size())
            threads_.emplace_back([this] { run(); });
        waiting_.push_back(std::move(work));
        changed_.notify_one();
        return true;
    }
    catch (const std::exception &)
    {
        return false;
    }

    // Any thread: takes out what has not begun.
    bool take_out(const HostRequest &request)
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        for (auto each = waiting_.begin(); each != waiting_.end(); ++each)
            if (each->request.get() == &request)
            {
                waiting_.erase(each);
                return true;
            }
        return false;
    }

    std::vector<std::shared_ptr<HostRequest>> take_out_of(const Runner *runner)
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        std::vector<std::shared_ptr<HostRequest>> taken;
        std::deque<Work> kept;
        for (Work &work : waiting_)
        {
            if (work.runner == runner)
                taken.push_back(std::move(work.request));
            else
                kept.push_back(std::move(work));
        }
        waiting_.swap(kept);
        return taken;
    }

  private:
    // A worker's own thread.
    void run()
    {
        std::unique_lock<std::mutex> hold(mutex_);
        for (;;)
        {
            idle_ += 1;
            changed_.wait(hold, [this] { return ending_ || !waiting_.empty(); });
            idle_ -= 1;
            if (waiting_.empty())
                return;
            const Work work = std::move(waiting_.front());
            waiting_.pop_front();
            hold.unlock();
            work.runner->run(*work.request);
            hold.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Work> waiting_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0; // threads that wait for work
    bool ending_ = false;
};

class HostDevice final : public Device, private Runner
{
  public:
    HostDevice(std::intptr_t file, std::uint32_t generation, Workers &workers, const Settled &settled)
        : file_(file), generation_(generation), workers_(workers), in_flight_(settled)
    {
    }

    ~HostDevice() override
    {
        close();
        wait();
    }

    IoctlResult ioctl(std::uint32_t code, Bytes input, Bytes output) noexcept override
    {
        if (closed_)
            return failure(STATUS_FILE_CLOSED_HERE);
        const host::AgentCall call(generation_);
        if (!call)
            return failure(host::NO_MACHINE);
        std::size_t written = 0;
        const std::uint32_t status =
            sim_ioctl(file_, code, input.data, input.length, output.data, output.length, &written);
        return result_of(status, written, output.length);
    }

    std::shared_ptr<Request> start(std::uint32_t code, Bytes input, std::uint32_t output_length) override
    {
        auto request = std::make_shared<HostRequest>(code, input, output_length);
        in_flight_.add(request);
        if (closed_)
            in_flight_.settle(*request, STATUS_FILE_CLOSED_HERE, 0);
        else if (!workers_.add({this, request}))
            in_flight_.settle(*request, STATUS_NO_MEMORY_HERE, 0);
        return request;
    }

    void cancel(Request &request) noexcept override
    {
        HostRequest &own = static_cast<HostRequest &>(request);
        if (workers_.take_out(own))
            in_flight_.settle(own, STATUS_CANCELLED_HERE, 0);
        else
            persist([this, &own](auto give_up) { in_flight_.with(own, give_up); });
    }

    void close() noexcept override
    {
        if (closed_)
            return;
        closed_ = true;
        for (const auto &request : workers_.take_out_of(this))
            in_flight_.settle(*request, STATUS_CANCELLED_HERE, 0);
        persist([this](auto give_up) { in_flight_.with_each(give_up); });
        in_flight_.wait_a_little();
        const host::AgentCall call(generation_);
        if (call)
            sim_close_device(file_);
    }

    void wait() noexcept override
    {
        in_flight_.wait_for_none();
    }

  private:
    // A cancellation reaches every request that has been started, as CancelIoEx does: one that a thread has just taken is
    // in the driver a moment later. `ask` shows each request in question that is in flight.
    template <class Ask> static void persist(Ask ask) noexcept
    {
        for (bool done = false; !done;)
        {
            done = true;
            ask([&done](HostRequest &each) { done = each.give_up() && done; });
            if (!done)
                std::this_thread::yield();
        }
    }

    // A worker's thread.
    void run(HostRequest &request) noexcept override
    {
        std::uint32_t status = host::NO_MACHINE;
        {
            const host::AgentCall call(generation_);
            if (request.given_up.load())
                status = STATUS_CANCELLED_HERE;
            else if (call)
                status = sim_ioctl(file_, request.code, request.input.get(), request.input_length, request.output.get(),
                                   request.output_length, &request.length);
        }
        in_flight_.settle(request, status, request.length);
    }

    const std::intptr_t file_;
    const std::uint32_t generation_;
    Workers &workers_;
    InFlight<HostRequest> in_flight_;
    bool closed_ = false; // the opening thread's
};

class HostDevices final : public Devices
{
  public:
    explicit HostDevices(Settled settled) : settled_(std::move(settled))
    {
    }

    // Names of devices here are ASCII.
    Opening open(const std::u16string &path) override
    {
        constexpr std::uint32_t FILE_NOT_FOUND = 2;
        constexpr std::uint32_t PATH_NOT_FOUND = 3;
        if (path.empty())
            return {nullptr, PATH_NOT_FOUND};
        std::string narrow;
        for (const char16_t unit : path)
            narrow.push_back(unit < 0x80 ? static_cast<char>(unit) : '?');
        const host::AgentCall call(host::ANY_GENERATION);
        if (!call)
            return {nullptr, FILE_NOT_FOUND};
        std::intptr_t file = 0;
        const std::uint32_t error = sim_open_device(narrow.c_str(), &file);
        if (error != 0)
            return {nullptr, error};
        return {std::make_unique<HostDevice>(file, call.generation(), workers_, settled_), 0};
    }

  private:
    const Settled settled_;
    Workers workers_;
};

} // namespace

std::unique_ptr<Devices> make_devices(Settled settled)
{
    return std::make_unique<HostDevices>(std::move(settled));
}

} // namespace trustlet
