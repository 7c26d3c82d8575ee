#include "formats/torch_legacy.h"

#include <algorithm>
#include <map>

#include "base/byte_reader.h"
#include "formats/pickle.h"
#include "formats/printable.h"
#include "formats/torch_tensor.h"

namespace segforge {
namespace {

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr int64_t kProtocol = 1001;

using StorageBytes = std::map<std::string_view, std::span<const std::byte>>;

class LegacyStorages : public StorageReader {
 public:
  LegacyStorages(const StorageBytes& bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  Result<SharedBytes> Read(const TorchStorage& storage) override {
    const auto found = bytes_.find(storage.key);
    if (found == bytes_.end()) return InvalidInput("the file has no storage \"{}\"", Printable(storage.key));
    return SharedBytes{found->second, owner_};
  }

 private:
  const StorageBytes& bytes_;
  std::shared_ptr<const void> owner_;
};

Status CheckMagic(ByteReader& reader) {
  const auto magic = ReadPickle(reader);
  const auto* number = magic.ok() ? magic->As<PickleBigInt>(magic->root) : nullptr;
  if (number == nullptr || AsText(number->digits) != kMagic)
    return InvalidInput("a pickle, but not a torch checkpoint: the magic number is missing");
  SEGFORGE_ASSIGN_OR_RETURN(const Pickle protocol, ReadPickle(reader));
  const auto* version = protocol.As<int64_t>(protocol.root);
  if (version == nullptr || *version != kProtocol) return Unsupported("torch protocol is not {}", kProtocol);
  return Status();
}

Status CheckByteOrder(ByteReader& reader) {
  SEGFORGE_ASSIGN_OR_RETURN(const Pickle system, ReadPickle(reader));
  const PickleRef* little = system.FindKey(system.root, "little_endian");
  const bool* is_little = little == nullptr ? nullptr : system.As<bool>(*little);
  if (is_little == nullptr || !*is_little)
    return Unsupported("written on a machine that is not little-endian");
  return Status();
}

// Bytes of an element by storage key, as the object's tensors and persistent ids tell.
Result<std::map<std::string_view, size_t>> ElementSizes(const Pickle& object) {
  std::map<std::string_view, size_t> sizes;
  for (const PickleValue& value : object.values) {
    const auto* storage = std::get_if<TorchStorage>(&value);
    if (storage == nullptr) continue;
    const size_t bytes = SizeOf(storage->dtype);
    if (sizes.emplace(storage->key, bytes).first->second != bytes)
      return InvalidInput("storage \"{}\" has two types", Printable(storage->key));
  }
  return sizes;
}

// The key list, then for each key 8 bytes of element count and the elements.
Status ReadStorages(ByteReader& reader, const Pickle& object, const Pickle& keys, StorageBytes& storages) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto sizes, ElementSizes(object));
  const auto* list = keys.As<PickleList>(keys.root);
  if (list == nullptr) return InvalidInput("the storages' keys are not a list");
  for (PickleRef ref : list->items) {
    const auto* key = keys.As<PickleText>(ref);
    const auto size = key == nullptr ? sizes.end() : sizes.find(key->text);
    if (size == sizes.end()) return InvalidInput("the file stores what no tensor refers to");
    SEGFORGE_ASSIGN_OR_RETURN(const auto elems, reader.Read<uint64_t>());
    if (elems > reader.left() / size->second) {
      return InvalidInput("truncated: storage \"{}\" of {} elements, {} bytes left", Printable(key->text),
                          elems, reader.left());
    }
    SEGFORGE_ASSIGN_OR_RETURN(const auto bytes, reader.Take(static_cast<size_t>(elems) * size->second));
    if (!storages.emplace(size->first, bytes).second)
      return InvalidInput("storage \"{}\" occurs twice", Printable(key->text));
  }
  return Status();
}

}  // namespace

bool LooksLikePickle(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x80} && bytes[1] <= std::byte{5};
}

Result<Checkpoint> TorchLegacyFromBytes(const SharedBytes& source) {
  ByteReader reader(source.bytes);
  SEGFORGE_RETURN_IF_ERROR(CheckMagic(reader));
  SEGFORGE_RETURN_IF_ERROR(CheckByteOrder(reader));
  SEGFORGE_ASSIGN_OR_RETURN(const Pickle object, ReadPickle(reader));
  SEGFORGE_ASSIGN_OR_RETURN(const Pickle keys, ReadPickle(reader));
  StorageBytes bytes;
  SEGFORGE_RETURN_IF_ERROR(ReadStorages(reader, object, keys, bytes));
  LegacyStorages storages(bytes, source.owner);
  return CheckpointFromPickle(object, storages, source.bytes.size());
}

}  // namespace segforge
