#include "formats/pickle_globals.h"

#include <algorithm>
#include <array>

#include "formats/printable.h"

namespace segforge {
namespace {

using enum GlobalRole;

constexpr PickleGlobal kGlobals[] = {
    {"collections", "OrderedDict", kDict},
    {"collections", "defaultdict", kDefaultDict},

    {"torch._utils", "_rebuild_tensor", kRebuildTensor},
    {"torch._utils", "_rebuild_tensor_v2", kRebuildTensor},
    {"torch._utils", "_rebuild_tensor_v3", kRebuildTypedTensor},
    {"torch._utils", "_rebuild_parameter", kRebuildParameter},
    {"torch._utils", "_rebuild_parameter_with_state", kRebuildParameter},
    {"torch._tensor", "_rebuild_from_type_v2", kRebuildFromType},
    {"torch", "Size", kTuple},

    {"torch", "DoubleStorage", kStorageType, DType::kF64},
    {"torch", "FloatStorage", kStorageType, DType::kF32},
    {"torch", "HalfStorage", kStorageType, DType::kF16},
    {"torch", "BFloat16Storage", kStorageType, DType::kBF16},
    {"torch", "LongStorage", kStorageType, DType::kI64},
    {"torch", "IntStorage", kStorageType, DType::kI32},
    {"torch", "ShortStorage", kStorageType, DType::kI16},
    {"torch", "CharStorage", kStorageType, DType::kI8},
    {"torch", "ByteStorage", kStorageType, DType::kU8},
    {"torch", "BoolStorage", kStorageType, DType::kBool},
    {"torch", "UntypedStorage", kStorageType, DType::kU8},
    {"torch.storage", "UntypedStorage", kStorageType, DType::kU8},
    {"torch.storage", "_UntypedStorage", kStorageType, DType::kU8},

    {"torch", "float64", kDType, DType::kF64},
    {"torch", "float32", kDType, DType::kF32},
    {"torch", "float16", kDType, DType::kF16},
    {"torch", "bfloat16", kDType, DType::kBF16},
    {"torch", "int64", kDType, DType::kI64},
    {"torch", "int32", kDType, DType::kI32},
    {"torch", "int16", kDType, DType::kI16},
    {"torch", "int8", kDType, DType::kI8},
    {"torch", "uint16", kDType, DType::kU16},
    {"torch", "uint8", kDType, DType::kU8},
    {"torch", "bool", kDType, DType::kBool},

    {"torch", "device", kIgnored},
    {"torch", "Tensor", kIgnored},
    {"torch.nn.parameter", "Parameter", kIgnored},
    {"torch.nn.parameter", "Buffer", kIgnored},
    {"torch.serialization", "_get_layout", kIgnored},

    // Training state and configuration, as mmengine, mmcv and plain training scripts store it beside the
    // weights.
    {"argparse", "Namespace", kIgnored},
    {"types", "SimpleNamespace", kIgnored},
    {"collections", "Counter", kIgnored},
    {"collections", "deque", kIgnored},
    {"datetime", "date", kIgnored},
    {"datetime", "datetime", kIgnored},
    {"datetime", "timedelta", kIgnored},
    {"pathlib", "Path", kIgnored},
    {"pathlib", "PosixPath", kIgnored},
    {"pathlib", "PurePosixPath", kIgnored},
    {"pathlib", "WindowsPath", kIgnored},
    {"addict.addict", "Dict", kIgnored},
    {"easydict", "EasyDict", kIgnored},
    {"yacs.config", "CfgNode", kIgnored},
    {"mmcv.utils.config", "Config", kIgnored},
    {"mmcv.utils.config", "ConfigDict", kIgnored},
    {"mmengine.config.config", "Config", kIgnored},
    {"mmengine.config.config", "ConfigDict", kIgnored},
    {"mmengine.logging.history_buffer", "HistoryBuffer", kIgnored},
    {"mmengine.logging.message_hub", "MessageHub", kIgnored},

    // What Python and numpy need to spell such objects.
    {"_codecs", "encode", kIgnored},
    {"copyreg", "_reconstructor", kIgnored},
    {"copy_reg", "_reconstructor", kIgnored},
    {"numpy", "dtype", kIgnored},
    {"numpy", "ndarray", kIgnored},
    {"numpy", "bool_", kIgnored},
    {"numpy", "float32", kIgnored},
    {"numpy", "float64", kIgnored},
    {"numpy", "int32", kIgnored},
    {"numpy", "int64", kIgnored},
    {"numpy.core.multiarray", "_reconstruct", kIgnored},
    {"numpy.core.multiarray", "scalar", kIgnored},
    {"numpy.core.numeric", "_frombuffer", kIgnored},
    {"numpy._core.multiarray", "_reconstruct", kIgnored},
    {"numpy._core.multiarray", "scalar", kIgnored},
    {"numpy._core.numeric", "_frombuffer", kIgnored},
};

// Types of Python itself, and getattr, with which HistoryBuffer names its methods. Python 2 has them in
// another module.
constexpr std::array<std::string_view, 13> kIgnoredBuiltins = {
    "bool",    "bytearray", "bytes", "complex", "dict", "float", "frozenset",
    "getattr", "int",       "list",  "object",  "set",  "tuple"};
constexpr PickleGlobal kIgnoredBuiltin = {"builtins", "type", kIgnored};

bool IsIgnoredBuiltin(std::string_view module, std::string_view name) {
  return (module == "builtins" || module == "__builtin__") &&
         std::ranges::find(kIgnoredBuiltins, name) != kIgnoredBuiltins.end();
}

}  // namespace

Result<const PickleGlobal*> FindGlobal(std::string_view module, std::string_view name) {
  if (IsIgnoredBuiltin(module, name)) return &kIgnoredBuiltin;
  if (module == "torch.cuda") module = "torch";  // storage types of tensors that were on a GPU
  for (const PickleGlobal& row : kGlobals) {
    if (row.module == module && row.name == name) return &row;
  }
  return Unsupported(
      "global \"{}.{}\" is not allowed: a checkpoint may hold tensors, numbers, strings, lists and dicts; "
      "nothing "
      "was run",
      Printable(module), Printable(name));
}

}  // namespace segforge
