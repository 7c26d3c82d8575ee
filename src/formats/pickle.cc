#include "formats/pickle.h"

#include <array>

#include "formats/pickle_machine.h"

namespace segforge {

struct PickleMachine::Opcode {
  uint8_t code = 0;
  const char* name = nullptr;
  Status (PickleMachine::*run)() = nullptr;
};

const PickleMachine::Opcode* PickleMachine::FindOpcode(uint8_t code) {
  using M = PickleMachine;
  // Not here, and so refused: PERSID, EXT1 to EXT4, NEXT_BUFFER and READONLY_BUFFER, which reach outside the
  // file.
  static constexpr Opcode kOpcodes[] = {
      {0x80, "PROTO", &M::Proto},
      {0x95, "FRAME", &M::Frame},
      {'.', "STOP", &M::Stop},
      {'N', "NONE", &M::None},
      {0x88, "NEWTRUE", &M::True},
      {0x89, "NEWFALSE", &M::False},
      {'J', "BININT", &M::BinInt<int32_t>},
      {'K', "BININT1", &M::BinInt<uint8_t>},
      {'M', "BININT2", &M::BinInt<uint16_t>},
      {'I', "INT", &M::Int},
      {'L', "LONG", &M::Long},
      {0x8a, "LONG1", &M::BinLong<uint8_t>},
      {0x8b, "LONG4", &M::BinLong<uint32_t>},
      {'F', "FLOAT", &M::Float},
      {'G', "BINFLOAT", &M::BinFloat},
      {'S', "STRING", &M::String},
      {'U', "SHORT_BINSTRING", &M::BinText<uint8_t>},
      {'T', "BINSTRING", &M::BinText<uint32_t>},
      {'V', "UNICODE", &M::Unicode},
      {0x8c, "SHORT_BINUNICODE", &M::BinText<uint8_t>},
      {'X', "BINUNICODE", &M::BinText<uint32_t>},
      {0x8d, "BINUNICODE8", &M::BinText<uint64_t>},
      {'C', "SHORT_BINBYTES", &M::BinBytes<uint8_t>},
      {'B', "BINBYTES", &M::BinBytes<uint32_t>},
      {0x8e, "BINBYTES8", &M::BinBytes<uint64_t>},
      {0x96, "BYTEARRAY8", &M::BinBytes<uint64_t>},
      {']', "EMPTY_LIST", &M::Empty<PickleList>},
      {')', "EMPTY_TUPLE", &M::Empty<PickleTuple>},
      {'}', "EMPTY_DICT", &M::Empty<PickleDict>},
      {0x8f, "EMPTY_SET", &M::Empty<PickleList>},
      {'l', "LIST", &M::FromMark<PickleList>},
      {'t', "TUPLE", &M::FromMark<PickleTuple>},
      {0x91, "FROZENSET", &M::FromMark<PickleList>},
      {'d', "DICT", &M::DictFromMark},
      {0x85, "TUPLE1", &M::SmallTuple<1>},
      {0x86, "TUPLE2", &M::SmallTuple<2>},
      {0x87, "TUPLE3", &M::SmallTuple<3>},
      {'a', "APPEND", &M::Append},
      {'e', "APPENDS", &M::Appends},
      {0x90, "ADDITEMS", &M::Appends},
      {'s', "SETITEM", &M::SetItem},
      {'u', "SETITEMS", &M::SetItems},
      {'(', "MARK", &M::Mark},
      {'0', "POP", &M::Pop},
      {'1', "POP_MARK", &M::PopMark},
      {'2', "DUP", &M::Dup},
      {'p', "PUT", &M::Put},
      {'q', "BINPUT", &M::BinPut<uint8_t>},
      {'r', "LONG_BINPUT", &M::BinPut<uint32_t>},
      {0x94, "MEMOIZE", &M::Memoize},
      {'g', "GET", &M::Get},
      {'h', "BINGET", &M::BinGet<uint8_t>},
      {'j', "LONG_BINGET", &M::BinGet<uint32_t>},
      {'c', "GLOBAL", &M::Global},
      {0x93, "STACK_GLOBAL", &M::StackGlobal},
      {'R', "REDUCE", &M::Reduce},
      {0x81, "NEWOBJ", &M::Reduce},  // class and arguments, as function and arguments
      {0x92, "NEWOBJ_EX", &M::NewObjEx},
      {'i', "INST", &M::Inst},
      {'o', "OBJ", &M::Obj},
      {'b', "BUILD", &M::Build},
      {'Q', "BINPERSID", &M::BinPersId},
  };
  static constexpr auto kByCode = [] {
    std::array<uint8_t, 256> rows = {};  // 0: none, else the row's index plus one
    for (size_t i = 0; i < std::size(kOpcodes); ++i) rows[kOpcodes[i].code] = static_cast<uint8_t>(i + 1);
    return rows;
  }();
  return kByCode[code] == 0 ? nullptr : &kOpcodes[kByCode[code] - 1];
}

Result<Pickle> PickleMachine::Run() {
  while (!stopped_) {
    const size_t at = reader_.position();
    SEGFORGE_ASSIGN_OR_RETURN(const auto code, reader_.Read<uint8_t>());
    const Opcode* opcode = FindOpcode(code);
    if (opcode == nullptr) return InvalidInput("pickle byte {}: opcode 0x{:02x} is not supported", at, code);
    if (const Status status = (this->*opcode->run)(); !status.ok())
      return status.Within(fmt::format("pickle byte {} ({})", at, opcode->name));
  }
  return std::move(pickle_);
}

Result<Pickle> ReadPickle(ByteReader& reader) { return PickleMachine(reader).Run(); }

// The handlers of families of opcodes; they are instantiated by the table above.

template <typename T>
Status PickleMachine::BinInt() {
  SEGFORGE_ASSIGN_OR_RETURN(const T value, reader_.Read<T>());
  return Push(int64_t{value});
}

template <typename Length>
Status PickleMachine::BinLong() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto length, reader_.Read<Length>());
  SEGFORGE_ASSIGN_OR_RETURN(const auto digits, reader_.Take(length));
  if (digits.size() > sizeof(int64_t)) return Push(PickleBigInt{digits});
  const bool negative = !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{0};
  int64_t value = negative ? -1 : 0;
  if (!digits.empty()) std::memcpy(&value, digits.data(), digits.size());
  return Push(value);
}

template <typename Length>
Status PickleMachine::BinText() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto length, reader_.Read<Length>());
  SEGFORGE_ASSIGN_OR_RETURN(const auto bytes, reader_.Take(length));
  return Push(PickleText{AsText(bytes)});
}

template <typename Length>
Status PickleMachine::BinBytes() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto length, reader_.Read<Length>());
  SEGFORGE_ASSIGN_OR_RETURN(const auto bytes, reader_.Take(length));
  return Push(PickleBytes{bytes});
}

template <typename T>
Status PickleMachine::FromMark() {
  SEGFORGE_ASSIGN_OR_RETURN(auto items, PopToMark());
  return Push(T{std::move(items)});
}

template <size_t kCount>
Status PickleMachine::SmallTuple() {
  PickleTuple tuple{std::vector<PickleRef>(kCount)};
  for (size_t i = kCount; i-- > 0;) {
    SEGFORGE_ASSIGN_OR_RETURN(tuple.items[i], PopRef());
  }
  return Push(std::move(tuple));
}

template <typename Index>
Status PickleMachine::BinPut() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto index, reader_.Read<Index>());
  return PutAt(index);
}

template <typename Index>
Status PickleMachine::BinGet() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto index, reader_.Read<Index>());
  return GetAt(index);
}

}  // namespace segforge
