#include "engine/file/sections.h"

#include <zlib.h>

#include "base/byte_reader.h"

namespace segforge {
namespace {

constexpr std::array<std::string_view, kSections> kNames = {"description", "graph", "weights"};

struct SectionRow {
  uint64_t bytes = 0;
  uint32_t crc = 0;
  uint32_t zero = 0;
};

struct Header {
  char magic[8] = {};
  uint32_t format = 0;
  uint32_t crc = 0;
  SectionRow sections[kSections];
};
static_assert(sizeof(Header) == kSectionAlignment);

uint32_t Crc(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

uint32_t CrcOf(const Header& header) { return Crc(std::as_bytes(std::span(header.sections))); }

Status CheckHeader(const Header& header) {
  if (std::string_view(header.magic, sizeof(header.magic)) != kEngineMagic) {
    return InvalidInput("not an engine file");
  }
  if (header.format != kEngineFormat) {
    return Unsupported("an engine file of format {}: expected format {}; build it anew from its checkpoint",
                       header.format, kEngineFormat);
  }
  if (header.crc != CrcOf(header)) return InvalidInput("damaged: the header's checksum is wrong");
  return Status();
}

}  // namespace

Result<SectionBytes> ReadSections(std::span<const std::byte> file) {
  ByteReader reader(file);
  const Result<Header> header = reader.Read<Header>();
  if (!header.ok()) return header.status().Within("header");
  SEGFORGE_RETURN_IF_ERROR(CheckHeader(*header));
  SectionBytes sections;
  for (size_t i = 0; i < kSections; ++i) {
    const SectionRow& row = header->sections[i];
    if (row.bytes % kSectionAlignment != 0 || row.zero != 0) {
      return InvalidInput("damaged: {}: {} bytes, expected a multiple of {}", kNames[i], row.bytes,
                          kSectionAlignment);
    }
    const auto bytes = reader.Take(static_cast<size_t>(row.bytes));
    if (!bytes.ok()) return bytes.status().Within(kNames[i]);
    if (Crc(*bytes) != row.crc) return InvalidInput("damaged: the checksum of its {} is wrong", kNames[i]);
    sections[i] = *bytes;
  }
  if (reader.left() > 0) return InvalidInput("damaged: {} bytes follow its end", reader.left());
  return sections;
}

Status WriteSections(const SectionBytes& sections, const ByteSink& sink) {
  Header header;
  std::copy(kEngineMagic.begin(), kEngineMagic.end(), header.magic);
  header.format = kEngineFormat;
  for (size_t i = 0; i < kSections; ++i) {
    SEGFORGE_CHECK(sections[i].size() % kSectionAlignment == 0);
    header.sections[i] = {sections[i].size(), Crc(sections[i]), 0};
  }
  header.crc = CrcOf(header);
  SEGFORGE_RETURN_IF_ERROR(sink(std::as_bytes(std::span(&header, 1))));
  for (const auto& section : sections) SEGFORGE_RETURN_IF_ERROR(sink(section));
  return Status();
}

}  // namespace segforge
