// What the addon keeps for one JavaScript environment (the main thread, a worker): its devices, the requests that wait
// for their answer, and the way back from other threads. All of it, but `wake`, on JavaScript's thread.
#ifndef TRUSTLET_NATIVE_ENVIRONMENT_H
#define TRUSTLET_NATIVE_ENVIRONMENT_H

#include <node_api.h>

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "device.h"
#include "inbox.h"

namespace trustlet
{

// A device, kept by its JavaScript object, its ioctl function, and requests in flight; closed when the last goes.
class OpenDevice;

class Environment
{
  public:
    // Throws std::bad_alloc.
    explicit Environment(napi_env env);
    ~Environment();
    Environment(const Environment &) = delete;
    Environment &operator=(const Environment &) = delete;

    // That of this env, made when the module was loaded into it.
    static std::shared_ptr<Environment> of(napi_env env);

    Opening open(const std::u16string &path);

    // Makes a promise and starts its request. Both buffers are Uint8Arrays; making the promise may run JavaScript (promise
    // hooks), which may resize or detach them, so they are looked at afterwards. Throws std::bad_alloc, and then nothing
    // has started.
    std::shared_ptr<Request> start(const std::shared_ptr<OpenDevice> &device, std::uint32_t code, napi_value input,
                                   napi_value output, napi_value *promise);
    // Fulfils the promises of all requests that have settled.
    void deliver() noexcept;

    void remember(OpenDevice *device);
    void forget(OpenDevice *device);

    // The classes of device_object.cc, and whether an object of theirs is being made by native code: for nobody else they
    // construct anything.
    napi_ref device_class = nullptr;
    napi_ref request_class = nullptr;
    bool making = false;

  private:
    struct Waiting
    {
        std::shared_ptr<OpenDevice> device;
        napi_deferred deferred;
        napi_ref output;
    };

    void fulfil(const Request &request, const Waiting &waiting) const noexcept;
    void abandon(const Waiting &waiting) const noexcept;
    bool prepare_wake();
    void wake() noexcept;
    void end() noexcept;
    static void end_of_environment(void *self) noexcept;

    const napi_env env_;
    Inbox inbox_;
    std::unordered_map<const Request *, Waiting> waiting_;
    std::unordered_set<OpenDevice *> open_;
    napi_threadsafe_function wake_ = nullptr;
    bool ended_ = false;
    std::unique_ptr<Devices> devices_; // last: its threads end before what they reach
};

class OpenDevice
{
  public:
    // Throws std::bad_alloc.
    OpenDevice(std::shared_ptr<Environment> environment, std::unique_ptr<Device> device);
    ~OpenDevice();
    OpenDevice(const OpenDevice &) = delete;
    OpenDevice &operator=(const OpenDevice &) = delete;

    Device &operator*() const
    {
        return *device_;
    }
    const std::shared_ptr<Environment> &environment() const
    {
        return environment_;
    }

  private:
    const std::shared_ptr<Environment> environment_;
    const std::unique_ptr<Device> device_;
};

} // namespace trustlet

#endif
