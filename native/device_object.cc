// An open device is an object of a class, whose wrapped pointer is checked by its type tag, with `ioctl` as a function
// of its own: unwrapping and checking would cost as much again as all the rest of the call (docs: bench).
#include "device_object.h"

#include <utility>

#include "environment.h"
#include "values.h"

namespace trustlet
{

namespace
{

constexpr napi_type_tag DEVICE_TAG = {0x7472757374646576, 0x1f0c7a2e9b5d4c81};
constexpr napi_type_tag REQUEST_TAG = {0x7472757374726571, 0x6d83e1b0457f4a92};

using DeviceHolder = std::shared_ptr<OpenDevice>;

struct RequestHolder
{
    std::shared_ptr<Request> request;
    std::weak_ptr<OpenDevice> device; // gone: then the request has settled
};

// JavaScript's thread, or the end of its environment.
template <class Holder> void let_go(napi_env, void *holder, void *)
{
    const std::unique_ptr<Holder> last(static_cast<Holder *>(holder));
}

// The native half of an object of ours; NULL after a throw.
template <class Holder> Holder *unwrap(napi_env env, napi_value self, const napi_type_tag &tag)
{
    bool ours = false;
    void *holder = nullptr;
    if (napi_check_object_type_tag(env, self, &tag, &ours) != napi_ok || !ours ||
        napi_unwrap(env, self, &holder) != napi_ok)
    {
        (void)napi_throw_type_error(env, nullptr, "trustlet's addon: a method of another object");
        return nullptr;
    }
    return static_cast<Holder *>(holder);
}

// `new device.constructor()`: objects come from openDevice and ioctlAsync alone. One that got away would be a plain
// object without a native half, which `unwrap` refuses.
napi_value construct(napi_env env, napi_callback_info info) noexcept
{
    const Arguments<0> arguments(env, info);
    if (!static_cast<Environment *>(arguments.data())->making)
        (void)napi_throw_type_error(env, nullptr, "trustlet's addon: no constructor for JavaScript");
    return arguments.self();
}

// An object of a class with its native half, or NULL after a throw, which has let the half go.
template <class Holder>
napi_value make(napi_env env, Environment &environment, napi_ref class_ref, const napi_type_tag &tag,
                std::unique_ptr<Holder> holder)
{
    napi_value constructor = nullptr;
    napi_value object = nullptr;
    (void)napi_get_reference_value(env, class_ref, &constructor);
    environment.making = true;
    const napi_status made = napi_new_instance(env, constructor, 0, nullptr, &object);
    environment.making = false;
    if (made != napi_ok || napi_type_tag_object(env, object, &tag) != napi_ok ||
        napi_wrap(env, object, holder.get(), let_go<Holder>, nullptr, nullptr) != napi_ok)
        return nullptr;
    (void)holder.release(); // the object's now
    return object;
}

// The way that must be short.
napi_value ioctl(napi_env env, napi_callback_info info) noexcept
{
    const Arguments<3> arguments(env, info);
    std::uint32_t code = 0;
    Bytes input = {nullptr, 0};
    Bytes output = {nullptr, 0};
    if (!read_u32(env, arguments[0], "code", &code) || !read_bytes(env, arguments[1], "input", &input) ||
        !read_bytes(env, arguments[2], "output", &output))
        return nullptr;
    const DeviceHolder &device = *static_cast<DeviceHolder *>(arguments.data());
    return from_result(env, (**device).ioctl(code, input, output));
}

napi_value ioctl_async(napi_env env, napi_callback_info info)
{
    const Arguments<3> arguments(env, info);
    const DeviceHolder *device = unwrap<DeviceHolder>(env, arguments.self(), DEVICE_TAG);
    std::uint32_t code = 0;
    Bytes input = {nullptr, 0};
    Bytes output = {nullptr, 0};
    if (device == nullptr || !read_u32(env, arguments[0], "code", &code) ||
        !read_bytes(env, arguments[1], "input", &input) || !read_bytes(env, arguments[2], "output", &output))
        return nullptr;
    Environment &environment = *(*device)->environment();
    auto holder = std::make_unique<RequestHolder>();
    napi_value promise = nullptr;
    holder->device = *device;
    holder->request = environment.start(*device, code, arguments[1], arguments[2], &promise);
    const napi_value object = make(env, environment, environment.request_class, REQUEST_TAG, std::move(holder));
    if (object != nullptr)
        (void)napi_set_named_property(env, object, "result", promise);
    return object;
}

napi_value close_device(napi_env env, napi_callback_info info) noexcept
{
    const Arguments<0> arguments(env, info);
    const DeviceHolder *holder = unwrap<DeviceHolder>(env, arguments.self(), DEVICE_TAG);
    if (holder == nullptr)
        return nullptr;
    const DeviceHolder device = *holder;
    (**device).close();
    device->environment()->deliver();
    return undefined(env);
}

napi_value cancel_request(napi_env env, napi_callback_info info) noexcept
{
    const Arguments<0> arguments(env, info);
    const RequestHolder *holder = unwrap<RequestHolder>(env, arguments.self(), REQUEST_TAG);
    if (holder == nullptr)
        return nullptr;
    if (const DeviceHolder device = holder->device.lock())
        (**device).cancel(*holder->request);
    return undefined(env);
}

napi_property_descriptor method(const char *name, napi_callback callback)
{
    return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

// Each device has an ioctl function of its own, which keeps the device open while somebody holds it.
bool add_ioctl(napi_env env, napi_value object, const DeviceHolder &device)
{
    auto holder = std::make_unique<DeviceHolder>(device);
    napi_value function = nullptr;
    if (napi_create_function(env, "ioctl", NAPI_AUTO_LENGTH, ioctl, holder.get(), &function) != napi_ok ||
        napi_add_finalizer(env, function, holder.get(), let_go<DeviceHolder>, nullptr, nullptr) != napi_ok)
        return false;
    (void)holder.release(); // the function's now
    const napi_property_descriptor property = {"ioctl", nullptr,  nullptr,         nullptr,
                                               nullptr, function, napi_enumerable, nullptr};
    return napi_define_properties(env, object, 1, &property) == napi_ok;
}

} // namespace

bool define_device_classes(napi_env env)
{
    const napi_property_descriptor of_device[] = {method("ioctlAsync", guarded<ioctl_async>),
                                                  method("close", close_device)};
    const napi_property_descriptor of_request[] = {method("cancel", cancel_request)};
    const std::shared_ptr<Environment> environment = Environment::of(env);
    napi_value device = nullptr;
    napi_value request = nullptr;
    return napi_define_class(env, "NativeDevice", NAPI_AUTO_LENGTH, construct, environment.get(), 2, of_device,
                             &device) == napi_ok &&
           napi_define_class(env, "NativeRequest", NAPI_AUTO_LENGTH, construct, environment.get(), 1, of_request,
                             &request) == napi_ok &&
           napi_create_reference(env, device, 1, &environment->device_class) == napi_ok &&
           napi_create_reference(env, request, 1, &environment->request_class) == napi_ok;
}

napi_value open_device(napi_env env, napi_callback_info info)
{
    const Arguments<1> arguments(env, info);
    std::u16string path;
    if (!read_string(env, arguments[0], "path", &path))
        return nullptr;
    const std::shared_ptr<Environment> environment = Environment::of(env);
    Opening opening = environment->open(path);
    if (opening.device == nullptr)
        return from_u32(env, opening.error);
    const DeviceHolder device = std::make_shared<OpenDevice>(environment, std::move(opening.device));
    const napi_value object =
        make(env, *environment, environment->device_class, DEVICE_TAG, std::make_unique<DeviceHolder>(device));
    return object != nullptr && add_ioctl(env, object, device) ? object : nullptr;
}

} // namespace trustlet
