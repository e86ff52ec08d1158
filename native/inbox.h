// Requests that have settled, on their way to JavaScript's thread.
#ifndef TRUSTLET_NATIVE_INBOX_H
#define TRUSTLET_NATIVE_INBOX_H

#include <memory>
#include <mutex>

#include "device.h"

namespace trustlet
{

class Inbox
{
  public:
    ~Inbox();
    // Any thread. True: it was empty, so whoever empties it must be woken.
    bool put(std::shared_ptr<Request> request) noexcept;
    // JavaScript's thread: the one that settled first, NULL when there is none.
    std::shared_ptr<Request> take() noexcept;

  private:
    std::mutex mutex_;
    std::shared_ptr<Request> first_;
    Request *last_ = nullptr;
};

} // namespace trustlet

#endif
