// For tests and fuzz targets: makes files, good and bad, byte by byte.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.h"
#include "formats/shared_bytes.h"

namespace segforge::testing_bytes {

template <typename T>
std::string Raw(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The bytes of a string that outlives what is read from it.
inline SharedBytes Borrow(const std::string& bytes) { return {AsBytes(bytes), nullptr}; }

inline std::string Safetensors(const std::string& header, const std::string& data) {
  return Raw(uint64_t{header.size()}) + header + data;
}

inline std::string Deflate(const std::string& content) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string compressed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  return compressed;
}

inline uint32_t Crc(const std::string& content) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
}

// What is written of an entry; a test may lie in any field.
struct ZipMember {
  std::string name;
  std::string local_name;
  std::string compressed;
  uint64_t bytes = 0;
  uint32_t crc = 0;
  uint16_t method = 0;
  uint16_t flags = 0;
  int64_t offset = -1;  // of its local header; -1: where it is written
};

inline ZipMember Stored(const std::string& name, const std::string& content) {
  return {name, name, content, content.size(), Crc(content), 0, 0, -1};
}
inline ZipMember Deflated(const std::string& name, const std::string& content) {
  return {name, name, Deflate(content), content.size(), Crc(content), 8, 0, -1};
}

inline std::string DirectoryRow(const ZipMember& member, uint64_t offset, bool zip64) {
  const uint32_t saturated = UINT32_MAX;
  const std::string wide = Raw(uint16_t{1}) + Raw(uint16_t{24}) + Raw(member.bytes) +
                           Raw(uint64_t{member.compressed.size()}) + Raw(offset);
  const std::string extra = zip64 ? wide : "";
  const auto narrow = [&](uint64_t value) { return Raw(zip64 ? saturated : static_cast<uint32_t>(value)); };
  return Raw(uint32_t{0x02014b50}) + Raw(uint16_t{45}) + Raw(uint16_t{45}) + Raw(member.flags) +
         Raw(member.method) + Raw(uint32_t{0}) + Raw(member.crc) + narrow(member.compressed.size()) +
         narrow(member.bytes) + Raw(static_cast<uint16_t>(member.name.size())) +
         Raw(static_cast<uint16_t>(extra.size())) + Raw(uint16_t{0}) + Raw(uint16_t{0}) + Raw(uint16_t{0}) +
         Raw(uint32_t{0}) + narrow(offset) + member.name + extra;
}

inline std::string Zip(const std::vector<ZipMember>& members, bool zip64 = false) {
  std::string archive, directory;
  for (const ZipMember& member : members) {
    const uint64_t offset = member.offset < 0 ? archive.size() : static_cast<uint64_t>(member.offset);
    directory += DirectoryRow(member, offset, zip64);
    archive += Raw(uint32_t{0x04034b50}) + std::string(22, '\0') +
               Raw(static_cast<uint16_t>(member.local_name.size())) + Raw(uint16_t{0}) + member.local_name +
               member.compressed;
  }
  const uint64_t start = archive.size();
  const uint64_t count = members.size();
  archive += directory;
  if (zip64) {
    const uint64_t end64 = archive.size();
    archive += Raw(uint32_t{0x06064b50}) + Raw(uint64_t{44}) + Raw(uint16_t{45}) + Raw(uint16_t{45}) +
               Raw(uint32_t{0}) + Raw(uint32_t{0}) + Raw(count) + Raw(count) +
               Raw(uint64_t{directory.size()}) + Raw(start);
    archive += Raw(uint32_t{0x07064b50}) + Raw(uint32_t{0}) + Raw(end64) + Raw(uint32_t{1});
  }
  const auto narrow = [&](auto value) { return zip64 ? static_cast<decltype(value)>(-1) : value; };
  return archive + Raw(uint32_t{0x06054b50}) + Raw(uint32_t{0}) + Raw(narrow(static_cast<uint16_t>(count))) +
         Raw(narrow(static_cast<uint16_t>(count))) + Raw(narrow(static_cast<uint32_t>(directory.size()))) +
         Raw(narrow(static_cast<uint32_t>(start))) + Raw(uint16_t{0});
}

// Pickle opcodes, protocol 2 and text of up to 255 bytes.
inline std::string PickledText(std::string_view text) {
  std::string pickled = "\x8c";
  pickled += static_cast<char>(text.size());
  return pickled.append(text);
}
inline std::string PickledInt(int64_t value) { return "\x8a\x08" + Raw(value); }
inline std::string PickledInts(const std::vector<int64_t>& values) {
  std::string tuple = "(";
  for (int64_t value : values) tuple += PickledInt(value);
  return tuple + "t";
}
inline std::string PickledStorage(std::string_view type, std::string_view key, int64_t elems) {
  return "(" + PickledText("storage") + "ctorch\n" + std::string(type) + "\n" + PickledText(key) +
         PickledText("cpu") + PickledInt(elems) + "tQ";
}
inline std::string PickledTensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& size,
                                 const std::vector<int64_t>& stride) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + PickledInt(offset) + PickledInts(size) +
         PickledInts(stride) + "\x89}tR";
}
// {name: value} of one pickled value, and STOP
inline std::string PickledStateDict(const std::string& name, const std::string& value) {
  return "\x80\x02}" + PickledText(name) + value + "s.";
}

// A torch archive of one pickle and the storage "0".
inline std::string TorchZip(const std::string& pickle, const std::string& storage) {
  return Zip({Stored("a/data.pkl", pickle), Stored("a/data/0", storage)});
}

// Seeded changes of a file: cut, flip a bit, overwrite a byte with an extreme one.
class Mutator {
 public:
  explicit Mutator(uint64_t seed) : state_(seed) {}

  std::string Mutate(std::string bytes) {
    for (uint64_t changes = 1 + Next(4); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = Next(bytes.size());
      if (Next(16) == 0) {
        bytes.resize(at);
      } else if (Next(2) == 0) {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << Next(8)));
      } else {
        bytes[at] = "\x00\xff\x7f\x80"[Next(4)];
      }
    }
    return bytes;
  }

 private:
  size_t Next(size_t below) {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<size_t>((z ^ (z >> 31)) % below);
  }
  uint64_t state_;
};

}  // namespace segforge::testing_bytes
