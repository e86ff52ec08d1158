// A HANDLE that closes itself.
#ifndef TRUSTLET_NATIVE_WIN32_HANDLE_H
#define TRUSTLET_NATIVE_WIN32_HANDLE_H

#include <windows.h>

#include <utility>

namespace trustlet::win32
{

class Handle
{
  public:
    Handle() = default;
    // INVALID_HANDLE_VALUE and NULL are no handle: the functions of Win32 do not agree on one of them.
    explicit Handle(HANDLE handle) : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle)
    {
    }
    ~Handle()
    {
        reset();
    }
    Handle(Handle &&other) noexcept : handle_(std::exchange(other.handle_, nullptr))
    {
    }
    Handle &operator=(Handle &&other) noexcept
    {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;

    HANDLE get() const
    {
        return handle_;
    }
    explicit operator bool() const
    {
        return handle_ != nullptr;
    }
    void reset()
    {
        if (handle_ != nullptr)
            (void)CloseHandle(std::exchange(handle_, nullptr));
    }

  private:
    HANDLE handle_ = nullptr;
};

} // namespace trustlet::win32

#endif
