#include "values.h"

#include <cmath>
#include <limits>

namespace trustlet
{

namespace
{

constexpr std::size_t MOST_UNITS = 32766; // of an NT path, with its NUL

bool wrong_type(napi_env env, const char *name, const char *wanted)
{
    const std::string message = std::string("trustlet's addon: ") + name + " must be " + wanted;
    (void)napi_throw_type_error(env, nullptr, message.c_str());
    return false;
}

bool out_of_range(napi_env env, const char *name, const char *wanted)
{
    const std::string message = std::string("trustlet's addon: ") + name + " must be " + wanted;
    (void)napi_throw_range_error(env, nullptr, message.c_str());
    return false;
}

bool read_whole(napi_env env, napi_value value, const char *name, double least, double most, double *number)
{
    if (value == nullptr || napi_get_value_double(env, value, number) != napi_ok)
        return wrong_type(env, name, "a number");
    if (!(*number >= least && *number <= most) || std::trunc(*number) != *number)
        return out_of_range(env, name, "a whole number of 32 bits");
    return true;
}

// Where the first element of a typed array is; NULL after a throw.
void *first_element(napi_env env, napi_value value, const char *name, napi_typedarray_type wanted, const char *what)
{
    napi_typedarray_type type = napi_int8_array;
    std::size_t length = 0;
    void *data = nullptr;
    if (value == nullptr || napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != wanted)
    {
        (void)wrong_type(env, name, what);
        return nullptr;
    }
    if (length == 0)
    {
        (void)out_of_range(env, name, "at least one element long");
        return nullptr;
    }
    return data;
}

} // namespace

bool read_u32(napi_env env, napi_value value, const char *name, std::uint32_t *number)
{
    double whole = 0;
    if (!read_whole(env, value, name, 0, std::numeric_limits<std::uint32_t>::max(), &whole))
        return false;
    *number = static_cast<std::uint32_t>(whole);
    return true;
}

bool read_i32(napi_env env, napi_value value, const char *name, std::int32_t *number)
{
    double whole = 0;
    if (!read_whole(env, value, name, std::numeric_limits<std::int32_t>::min(),
                    std::numeric_limits<std::int32_t>::max(), &whole))
        return false;
    *number = static_cast<std::int32_t>(whole);
    return true;
}

bool read_word(napi_env env, napi_value value, const char *name, std::int64_t *word)
{
    bool lossless = false;
    if (value == nullptr || napi_get_value_bigint_int64(env, value, word, &lossless) != napi_ok)
        return wrong_type(env, name, "a bigint");
    if (lossless)
        return true;
    std::uint64_t unsigned_word = 0;
    (void)napi_get_value_bigint_uint64(env, value, &unsigned_word, &lossless);
    *word = static_cast<std::int64_t>(unsigned_word);
    return lossless || out_of_range(env, name, "a bigint of 64 bits");
}

bool bytes_of(napi_env env, napi_value value, Bytes *bytes)
{
    napi_typedarray_type type = napi_int8_array;
    std::size_t length = 0;
    void *data = nullptr;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array)
        return false;
    if (length > std::numeric_limits<std::uint32_t>::max()) // what a ULONG can say
        return false;
    *bytes = {static_cast<std::uint8_t *>(data), static_cast<std::uint32_t>(length)};
    return true;
}

bool read_bytes(napi_env env, napi_value value, const char *name, Bytes *bytes)
{
    return (value != nullptr && bytes_of(env, value, bytes)) ||
           wrong_type(env, name, "a Uint8Array of less than 4 GiB");
}

bool read_cell(napi_env env, napi_value value, const char *name, Cell64 *cell)
{
    cell->place = first_element(env, value, name, napi_biguint64_array, "a BigUint64Array");
    return cell->place != nullptr;
}

bool read_cell(napi_env env, napi_value value, const char *name, Cell32 *cell)
{
    cell->place = first_element(env, value, name, napi_uint32_array, "a Uint32Array");
    return cell->place != nullptr;
}

bool read_string(napi_env env, napi_value value, const char *name, std::u16string *text)
{
    std::size_t length = 0;
    if (value == nullptr || napi_get_value_string_utf16(env, value, nullptr, 0, &length) != napi_ok)
        return wrong_type(env, name, "a string");
    if (length > MOST_UNITS)
        return out_of_range(env, name, "shorter than 32767 characters");
    text->resize(length + 1);
    (void)napi_get_value_string_utf16(env, value, text->data(), length + 1, &length);
    text->resize(length);
    return text->find(u'\0') == std::u16string::npos || out_of_range(env, name, "without NUL");
}

bool read_ascii(napi_env env, napi_value value, const char *name, std::string *text)
{
    std::u16string wide;
    if (!read_string(env, value, name, &wide))
        return false;
    text->clear();
    for (const char16_t unit : wide)
        text->push_back(unit < 0x80 ? static_cast<char>(unit) : '?');
    return true;
}

napi_value from_u32(napi_env env, std::uint32_t number)
{
    napi_value value = nullptr;
    (void)napi_create_uint32(env, number, &value);
    return value;
}

napi_value from_result(napi_env env, IoctlResult result)
{
    if (result >= 0)
        return from_u32(env, static_cast<std::uint32_t>(result));
    napi_value value = nullptr;
    (void)napi_create_double(env, static_cast<double>(result), &value);
    return value;
}

napi_value undefined(napi_env env)
{
    napi_value value = nullptr;
    (void)napi_get_undefined(env, &value);
    return value;
}

} // namespace trustlet
