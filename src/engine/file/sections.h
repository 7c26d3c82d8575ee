// The frame of an engine file: three sections of bytes, each with its length and checksum.
//
//   0   "segforge", 8 bytes
//   8   format version, u32
//   12  CRC-32 of bytes 16 to 63, u32
//   16  of each section: bytes, u64; CRC-32, u32; 0, u32
//   64  the sections, one after the other, each a multiple of 64 bytes
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/file.h"

namespace segforge {

constexpr std::string_view kEngineMagic = "segforge";
constexpr uint32_t kEngineFormat = 1;
constexpr size_t kSectionAlignment = 64;

enum class Section : uint8_t { kInfo, kGraph, kWeights };
constexpr size_t kSections = 3;

using SectionBytes = std::array<std::span<const std::byte>, kSections>;

// The sections of a whole file's bytes, into which they point. kInvalidInput names the section that is
// damaged; kUnsupported for another version of the format.
Result<SectionBytes> ReadSections(std::span<const std::byte> file);

// As many bytes as a section of that many takes up.
constexpr uint64_t RoundUpToSection(uint64_t bytes) {
  return (bytes + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}

// Sections whose bytes are whole multiples of 64.
Status WriteSections(const SectionBytes& sections, const ByteSink& sink);

}  // namespace segforge
