// The addon that is shipped exports NativeBinding and nothing beside it.
#include "../exports.h"

namespace trustlet
{

bool export_more(napi_env, napi_value)
{
    return true;
}

} // namespace trustlet
