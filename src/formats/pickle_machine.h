// The stack machine behind ReadPickle: one method an opcode, or a family of them.
#pragma once

#include <limits>
#include <string>

#include "base/byte_reader.h"
#include "formats/pickle_value.h"

namespace segforge {

class PickleMachine {
 public:
  explicit PickleMachine(ByteReader& reader) : reader_(reader) {}

  // Executes opcodes to behind STOP, and gives what was on the stack then.
  Result<Pickle> Run();

 private:
  struct Opcode;
  static const Opcode* FindOpcode(uint8_t code);

  Status Proto();
  Status Frame();
  Status Stop();

  Status None() { return Push(PickleNone{}); }
  Status True() { return Push(true); }
  Status False() { return Push(false); }
  template <typename T>
  Status BinInt();
  Status Int();
  Status Long();
  template <typename Length>
  Status BinLong();
  Status Float();
  Status BinFloat();
  Status String();
  Status Unicode();
  template <typename Length>
  Status BinText();
  template <typename Length>
  Status BinBytes();

  template <typename T>
  Status Empty() {
    return Push(T{});
  }
  template <typename T>
  Status FromMark();
  Status DictFromMark();
  template <size_t kCount>
  Status SmallTuple();
  Status Append();
  Status Appends();
  Status SetItem();
  Status SetItems();

  Status Mark();
  Status Pop();
  Status PopMark();
  Status Dup();
  Status Put();
  template <typename Index>
  Status BinPut();
  Status Memoize() { return PutAt(memo_.size()); }
  Status Get();
  template <typename Index>
  Status BinGet();

  Status Global();
  Status StackGlobal();
  Status Reduce();
  Status NewObjEx();
  Status Inst();
  Status Obj();
  Status Build();
  Status BinPersId();

  Status Spend(size_t items);
  Status Push(PickleValue value);
  Status PushRef(PickleRef ref);
  Status PushDecoded(Result<std::string> decoded);
  Result<PickleRef> PopRef();
  Result<std::vector<PickleRef>> PopToMark();
  Result<PickleRef> Top();
  Status AppendTo(PickleRef target, std::span<const PickleRef> items);
  Status SetItemsOf(PickleRef target, std::span<const PickleRef> keys_and_values);
  Status PutAt(size_t index);
  Status GetAt(size_t index);
  Status PushGlobal(std::string_view module, std::string_view name);
  Status Call(PickleRef function, PickleRef arguments);
  Status CallWith(PickleRef function, std::vector<PickleRef> arguments);
  Result<std::string_view> Line();
  size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }

  static constexpr PickleRef kNothing = std::numeric_limits<PickleRef>::max();

  ByteReader& reader_;
  Pickle pickle_;
  std::vector<PickleRef> stack_;
  std::vector<size_t> marks_;    // stack sizes
  std::vector<PickleRef> memo_;  // kNothing where nothing was put
  size_t items_left_ = 16'000'000;
  bool stopped_ = false;
};

}  // namespace segforge
