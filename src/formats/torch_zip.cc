#include "formats/torch_zip.h"

#include "base/byte_reader.h"
#include "formats/pickle.h"
#include "formats/printable.h"
#include "formats/torch_tensor.h"

namespace segforge {
namespace {

constexpr std::string_view kPickleName = "data.pkl";

class ZipStorages : public StorageReader {
 public:
  ZipStorages(const ZipArchive& archive, std::string prefix)
      : archive_(archive), prefix_(std::move(prefix)) {}

  Result<SharedBytes> Read(const TorchStorage& storage) override {
    const ZipEntry* entry = archive_.Find(fmt::format("{}data/{}", prefix_, storage.key));
    if (entry == nullptr) return InvalidInput("the archive has no data/{}", Printable(storage.key));
    return archive_.Read(*entry);
  }

 private:
  const ZipArchive& archive_;
  std::string prefix_;
};

// "archive/" where the pickle is archive/data.pkl; torch puts all entries into one folder of any name.
Result<std::string> FindPrefix(const ZipArchive& archive) {
  for (const ZipEntry& entry : archive.entries()) {
    const size_t slash = entry.name.find('/');
    if (slash != std::string_view::npos && entry.name.substr(slash + 1) == kPickleName)
      return std::string(entry.name.substr(0, slash + 1));
  }
  return InvalidInput("a zip archive without data.pkl, so not a torch checkpoint");
}

Status CheckKind(const ZipArchive& archive, const std::string& prefix) {
  if (archive.Find(prefix + "constants.pkl") != nullptr)
    return Unsupported("a TorchScript program, expected a checkpoint: save its state_dict() with torch.save");
  const ZipEntry* order = archive.Find(prefix + "byteorder");
  if (order == nullptr) return Status();  // older than the entry, and little-endian
  SEGFORGE_ASSIGN_OR_RETURN(const SharedBytes text, archive.Read(*order));
  if (AsText(text.bytes) != "little")
    return Unsupported("byte order \"{}\", expected \"little\"", Printable(AsText(text.bytes)));
  return Status();
}

}  // namespace

Result<Checkpoint> TorchZipFromBytes(const SharedBytes& source) {
  SEGFORGE_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::FromBytes(source));
  SEGFORGE_ASSIGN_OR_RETURN(const std::string prefix, FindPrefix(archive));
  SEGFORGE_RETURN_IF_ERROR(CheckKind(archive, prefix));
  SEGFORGE_ASSIGN_OR_RETURN(const SharedBytes text,
                            archive.Read(*archive.Find(prefix + std::string(kPickleName))));
  ByteReader reader(text.bytes);
  SEGFORGE_ASSIGN_OR_RETURN(const Pickle pickle, ReadPickle(reader));
  ZipStorages storages(archive, prefix);
  return CheckpointFromPickle(pickle, storages, source.bytes.size());
}

}  // namespace segforge
