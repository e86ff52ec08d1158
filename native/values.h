// JavaScript's values, checked. Node-API's C functions and nothing above them: headers for a rebuild come with node
// itself, and the way of a synchronous ioctl stays short. All of it: JavaScript's thread.
#ifndef TRUSTLET_NATIVE_VALUES_H
#define TRUSTLET_NATIVE_VALUES_H

#include <node_api.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include "device.h"

namespace trustlet
{

// Arguments of a call. A reader that answers false has thrown a TypeError or RangeError naming the argument.
template <std::size_t Count> class Arguments
{
  public:
    Arguments(napi_env env, napi_callback_info info) : env_(env)
    {
        std::size_t count = Count;
        (void)napi_get_cb_info(env, info, &count, values_, &self_, &data_);
    }
    napi_env env() const
    {
        return env_;
    }
    napi_value operator[](std::size_t index) const
    {
        return values_[index];
    }
    napi_value self() const
    {
        return self_;
    }
    void *data() const
    {
        return data_;
    }

  private:
    napi_env env_;
    napi_value values_[Count == 0 ? 1 : Count] = {};
    napi_value self_ = nullptr;
    void *data_ = nullptr;
};

// A whole number of 32 bits.
bool read_u32(napi_env env, napi_value value, const char *name, std::uint32_t *number);
bool read_i32(napi_env env, napi_value value, const char *name, std::int32_t *number);
// A bigint of 64 bits, signed or unsigned.
bool read_word(napi_env env, napi_value value, const char *name, std::int64_t *word);
// A Uint8Array of less than 4 GiB. Its bytes stay where they are until JavaScript runs again.
bool read_bytes(napi_env env, napi_value value, const char *name, Bytes *bytes);
// The first element of a BigUint64Array, of a Uint32Array; possibly misaligned, so it is written with `put`.
struct Cell64
{
    void *place;
    void put(std::uint64_t value) const
    {
        std::memcpy(place, &value, sizeof value);
    }
};
struct Cell32
{
    void *place;
    void put(std::uint32_t value) const
    {
        std::memcpy(place, &value, sizeof value);
    }
};
bool read_cell(napi_env env, napi_value value, const char *name, Cell64 *cell);
bool read_cell(napi_env env, napi_value value, const char *name, Cell32 *cell);
// Up to 32766 units without NUL.
bool read_string(napi_env env, napi_value value, const char *name, std::u16string *text);
bool read_ascii(napi_env env, napi_value value, const char *name, std::string *text);

// The bytes a Uint8Array has now; false, without a throw, if the value is none or has 4 GiB or more.
bool bytes_of(napi_env env, napi_value value, Bytes *bytes);

napi_value from_u32(napi_env env, std::uint32_t number);
napi_value from_result(napi_env env, IoctlResult result);
napi_value undefined(napi_env env);

// A callback that may run out of memory throws a RangeError then, instead of ending the process.
template <napi_value (*Body)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) noexcept
{
    try
    {
        return Body(env, info);
    }
    catch (const std::bad_alloc &)
    {
        (void)napi_throw_range_error(env, nullptr, "trustlet's addon: out of memory");
        return nullptr;
    }
}

} // namespace trustlet

#endif
