// The requests of one device that have not settled: they may be cancelled, and the device lives until none is left,
// because the system writes into their memory.
#ifndef TRUSTLET_NATIVE_IN_FLIGHT_H
#define TRUSTLET_NATIVE_IN_FLIGHT_H

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "device.h"

namespace trustlet
{

// Any thread may call anything.
template <class Kind> class InFlight
{
  public:
    explicit InFlight(Settled settled) : settled_(std::move(settled))
    {
    }

    // Throws std::bad_alloc.
    void add(std::shared_ptr<Kind> request)
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        Kind *key = request.get();
        requests_.emplace(key, std::move(request));
    }

    // Tells first and forgets afterwards, so that whoever has waited for the last one has been told of it.
    void settle(Kind &request, std::uint32_t status, std::size_t written) noexcept
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        const auto found = requests_.find(&request);
        request.settle(status, written);
        settled_(found->second);
        requests_.erase(found);
        if (requests_.empty())
            none_left_.notify_all();
    }

    // Calls `cancel` for one request if it is in flight; it cannot settle meanwhile.
    template <class Cancel> void with(Request &request, Cancel cancel) noexcept
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        const auto found = requests_.find(static_cast<Kind *>(&request));
        if (found != requests_.end())
            cancel(*found->second);
    }

    template <class Cancel> void with_each(Cancel cancel) noexcept
    {
        const std::lock_guard<std::mutex> hold(mutex_);
        for (const auto &entry : requests_)
            cancel(*entry.second);
    }

    // A driver that ignores cancellations may take for ever.
    void wait_a_little() noexcept
    {
        std::unique_lock<std::mutex> hold(mutex_);
        (void)none_left_.wait_for(hold, PATIENCE, [this] { return requests_.empty(); });
    }

    void wait_for_none() noexcept
    {
        std::unique_lock<std::mutex> hold(mutex_);
        none_left_.wait(hold, [this] { return requests_.empty(); });
    }

  private:
    static constexpr std::chrono::seconds PATIENCE{1};

    const Settled settled_;
    std::mutex mutex_;
    std::condition_variable none_left_;
    std::unordered_map<Kind *, std::shared_ptr<Kind>> requests_;
};

} // namespace trustlet

#endif
