#include "formats/torch_tensor.h"

#include <map>
#include <set>

#include "formats/printable.h"

namespace segforge {
namespace {

// A stride of 0 repeats what the file holds once, so a tensor's own size bounds nothing.
constexpr size_t kAlwaysAllowedCopies = size_t{64} << 20;

class Builder {
 public:
  Builder(StorageReader& storages, size_t file_bytes)
      : storages_(storages), copies_left_(kAlwaysAllowedCopies + 2 * file_bytes) {}

  Status Add(const std::string& name, const TorchTensor& tensor) {
    SEGFORGE_ASSIGN_OR_RETURN(const SharedBytes storage, FindStorage(tensor.storage));
    const size_t elem_bytes = SizeOf(tensor.storage.dtype);
    if (storage.bytes.size() / elem_bytes < static_cast<size_t>(tensor.storage.elems)) {
      return InvalidInput("storage \"{}\": expected {} elements of {}, got {} bytes",
                          Printable(tensor.storage.key), tensor.storage.elems, NameOf(tensor.storage.dtype),
                          storage.bytes.size());
    }
    const std::byte* data = storage.bytes.data() + static_cast<size_t>(tensor.offset_elems) * elem_bytes;
    ConstTensorView view = {data, tensor.storage.dtype, tensor.shape};
    if (!IsRowMajor(tensor.shape, tensor.strides)) {
      SEGFORGE_ASSIGN_OR_RETURN(view.data, Copy(view, tensor.strides));
    }
    checkpoint_.tensors.push_back({name, view});
    return Status();
  }

  Result<Checkpoint> Finish() && {
    SEGFORGE_RETURN_IF_ERROR(SortAndCheckNames(checkpoint_));
    return std::move(checkpoint_);
  }
  Checkpoint& checkpoint() { return checkpoint_; }

 private:
  Result<SharedBytes> FindStorage(const TorchStorage& storage) {
    const auto found = found_.find(storage.key);
    if (found != found_.end()) return found->second;
    SEGFORGE_ASSIGN_OR_RETURN(const SharedBytes bytes, storages_.Read(storage));
    found_.emplace(storage.key, bytes);
    if (bytes.owner != nullptr && owners_.insert(bytes.owner.get()).second)
      checkpoint_.owned.push_back(bytes.owner);
    return bytes;
  }

  Result<const void*> Copy(const ConstTensorView& view, const Strides& strides) {
    if (view.bytes() > copies_left_)
      return InvalidInput("strided tensors unfold to far more than the file holds");
    copies_left_ -= view.bytes();
    SEGFORGE_ASSIGN_OR_RETURN(const auto copy, CopyToRowMajor(view, strides));
    checkpoint_.owned.push_back(copy);
    return copy->data();
  }

  StorageReader& storages_;
  size_t copies_left_;
  Checkpoint checkpoint_;
  std::map<std::string_view, SharedBytes> found_;  // by key, which the pickle outlives
  std::set<const void*> owners_;
};

}  // namespace

Result<Checkpoint> CheckpointFromPickle(const Pickle& pickle, StorageReader& storages, size_t file_bytes) {
  SEGFORGE_ASSIGN_OR_RETURN(TorchTree tree, FindWeights(pickle));
  Builder builder(storages, file_bytes);
  for (const auto& [name, tensor] : tree.tensors) {
    SEGFORGE_RETURN_IF_ERROR(
        builder.Add(name, *tensor).Within(fmt::format("tensor \"{}\"", Printable(name))));
  }
  builder.checkpoint().metadata = std::move(tree.metadata);
  return std::move(builder).Finish();
}

}  // namespace segforge
