#include "environment.h"

#include <cstring>
#include <utility>

#include "values.h"

namespace trustlet
{

namespace
{

using Shared = std::shared_ptr<Environment>;

} // namespace

Environment::Environment(napi_env env)
    : env_(env), devices_(make_devices(
                     [this](std::shared_ptr<Request> request)
                     {
                         if (inbox_.put(std::move(request)))
                             wake();
                     }))
{
    if (napi_add_env_cleanup_hook(env, end_of_environment, this) != napi_ok)
        throw std::bad_alloc();
}

// Without an end: the module could not be initialised.
Environment::~Environment()
{
    if (!ended_)
        (void)napi_remove_env_cleanup_hook(env_, end_of_environment, this);
}

std::shared_ptr<Environment> Environment::of(napi_env env)
{
    void *data = nullptr;
    (void)napi_get_instance_data(env, &data);
    return *static_cast<Shared *>(data);
}

Opening Environment::open(const std::u16string &path)
{
    return devices_->open(path);
}

void Environment::remember(OpenDevice *device)
{
    open_.insert(device);
}

void Environment::forget(OpenDevice *device)
{
    open_.erase(device);
}

// Any thread that a request settles on. After the end of the environment no such thread is left.
void Environment::wake() noexcept
{
    (void)napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

// Before the first request: hooks run in the reverse order of their addition, and `end`, after which nobody calls the
// function any more, must come before the function's own. Making the function may run JavaScript (async hooks), which may
// ask for a request itself: the function made first stays.
bool Environment::prepare_wake()
{
    if (wake_ != nullptr)
        return true;
    const auto deliver = [](napi_env env, napi_value, void *self, void *)
    {
        if (env != nullptr)
            static_cast<Environment *>(self)->deliver();
    };
    napi_value name = nullptr;
    napi_threadsafe_function made = nullptr;
    (void)napi_create_string_utf8(env_, "trustlet", NAPI_AUTO_LENGTH, &name);
    if (napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, deliver, &made) !=
        napi_ok)
        return false;
    if (wake_ != nullptr)
        return napi_release_threadsafe_function(made, napi_tsfn_release) == napi_ok;
    wake_ = made;
    (void)napi_unref_threadsafe_function(env_, wake_);
    (void)napi_remove_env_cleanup_hook(env_, end_of_environment, this);
    return napi_add_env_cleanup_hook(env_, end_of_environment, this) == napi_ok;
}

// What a request's bytes go to now may be shorter than when it was started, or gone: then nothing is written.
void Environment::fulfil(const Request &request, const Waiting &waiting) const noexcept
{
    napi_value output = nullptr;
    Bytes bytes = {nullptr, 0};
    IoctlResult result = request.result;
    (void)napi_get_reference_value(env_, waiting.output, &output);
    if (request.written != 0)
    {
        if (output == nullptr || !bytes_of(env_, output, &bytes) || bytes.length < request.output_length)
            result = failure(STATUS_INVALID_USER_BUFFER_HERE);
        else
            std::memcpy(bytes.data, request.output.get(), request.written);
    }
    (void)napi_resolve_deferred(env_, waiting.deferred, from_result(env_, result));
}

void Environment::deliver() noexcept
{
    while (const std::shared_ptr<Request> request = inbox_.take())
    {
        const auto found = waiting_.find(request.get());
        if (found == waiting_.end())
            continue; // its start threw
        napi_handle_scope scope = nullptr;
        (void)napi_open_handle_scope(env_, &scope);
        const Waiting waiting = std::move(found->second);
        waiting_.erase(found);
        fulfil(*request, waiting);
        (void)napi_delete_reference(env_, waiting.output);
        (void)napi_close_handle_scope(env_, scope);
        if (waiting_.empty())
            (void)napi_unref_threadsafe_function(env_, wake_);
    }
}

// The promise of a request that did not start: nobody has seen it.
void Environment::abandon(const Waiting &waiting) const noexcept
{
    (void)napi_resolve_deferred(env_, waiting.deferred, undefined(env_));
    (void)napi_delete_reference(env_, waiting.output);
}

std::shared_ptr<Request> Environment::start(const std::shared_ptr<OpenDevice> &device, std::uint32_t code,
                                            napi_value input, napi_value output, napi_value *promise)
{
    Waiting waiting = {device, nullptr, nullptr};
    if (!prepare_wake() || napi_create_reference(env_, output, 1, &waiting.output) != napi_ok)
        throw std::bad_alloc();
    if (napi_create_promise(env_, &waiting.deferred, promise) != napi_ok)
    {
        (void)napi_delete_reference(env_, waiting.output);
        throw std::bad_alloc();
    }
    Bytes from = {nullptr, 0};
    Bytes to = {nullptr, 0};
    (void)bytes_of(env_, input, &from);
    (void)bytes_of(env_, output, &to);
    const bool first = waiting_.empty();
    std::shared_ptr<Request> request;
    try
    {
        request = (**device).start(code, from, to.length);
        waiting_.emplace(request.get(), waiting);
    }
    catch (const std::bad_alloc &)
    {
        abandon(waiting);
        throw;
    }
    if (first)
        (void)napi_ref_threadsafe_function(env_, wake_); // what is in flight keeps the process alive
    return request;
}

void Environment::end_of_environment(void *self) noexcept
{
    static_cast<Environment *>(self)->end();
}

// JavaScript does not run any more: promises are fulfilled as far as Node-API still does it. Whoever waits here for ever
// has a driver that ignores cancellations, and memory that it may still write to.
void Environment::end() noexcept
{
    ended_ = true;
    for (OpenDevice *device : open_)
        (**device).close();
    for (OpenDevice *device : open_)
        (**device).wait();
    deliver();
    devices_.reset();
    for (napi_ref *each : {&device_class, &request_class})
        if (*each != nullptr)
            (void)napi_delete_reference(env_, std::exchange(*each, nullptr));
    if (wake_ != nullptr)
        (void)napi_release_threadsafe_function(wake_, napi_tsfn_release);
    wake_ = nullptr;
}

OpenDevice::OpenDevice(std::shared_ptr<Environment> environment, std::unique_ptr<Device> device)
    : environment_(std::move(environment)), device_(std::move(device))
{
    environment_->remember(this);
}

OpenDevice::~OpenDevice()
{
    environment_->forget(this);
}

} // namespace trustlet
