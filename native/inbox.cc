#include "inbox.h"

#include <utility>

namespace trustlet
{

// One at a time: a chain of thousands that frees itself would recurse.
Inbox::~Inbox()
{
    while (take() != nullptr)
    {
    }
}

bool Inbox::put(std::shared_ptr<Request> request) noexcept
{
    const std::lock_guard<std::mutex> hold(mutex_);
    const bool was_empty = first_ == nullptr;
    Request *added = request.get();
    (was_empty ? first_ : last_->next) = std::move(request);
    last_ = added;
    return was_empty;
}

std::shared_ptr<Request> Inbox::take() noexcept
{
    const std::lock_guard<std::mutex> hold(mutex_);
    std::shared_ptr<Request> taken = std::move(first_);
    if (taken != nullptr)
        first_ = std::move(taken->next);
    return taken;
}

} // namespace trustlet
