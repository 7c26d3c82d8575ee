#include "formats/pickle_machine.h"

#include <algorithm>
#include <charconv>

#include "formats/pickle_rebuild.h"
#include "formats/pickle_text.h"
#include "formats/printable.h"

namespace segforge {
namespace {

constexpr size_t kMaxValues = 4'000'000;
constexpr size_t kMemoSlack = 1024;  // Python numbers what it memoizes one by one
constexpr int kMaxProtocol = 5;

// The whole of `text` as a number.
template <typename T>
Result<T> NumberFrom(std::string_view text) {
  T value = {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return InvalidInput("malformed number \"{}\"", Printable(text));
  return value;
}

}  // namespace

Status PickleMachine::Proto() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto protocol, reader_.Read<uint8_t>());
  if (protocol > kMaxProtocol) return Unsupported("protocol {}, expected 0 to {}", protocol, kMaxProtocol);
  return Status();
}

Status PickleMachine::Frame() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto bytes, reader_.Read<uint64_t>());
  if (bytes > reader_.left())
    return InvalidInput("truncated: frame of {} bytes, {} left", bytes, reader_.left());
  return Status();
}

Status PickleMachine::Stop() {
  SEGFORGE_ASSIGN_OR_RETURN(pickle_.root, PopRef());
  if (!stack_.empty() || !marks_.empty()) return InvalidInput("{} values are left over", stack_.size());
  stopped_ = true;
  return Status();
}

Status PickleMachine::Int() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto line, Line());
  if (line == "00" || line == "01") return Push(line == "01");  // how protocol 0 spells False and True
  SEGFORGE_ASSIGN_OR_RETURN(const auto value, NumberFrom<int64_t>(line));
  return Push(value);
}

Status PickleMachine::Long() {
  SEGFORGE_ASSIGN_OR_RETURN(auto line, Line());
  if (line.ends_with('L')) line.remove_suffix(1);
  const auto value = NumberFrom<int64_t>(line);
  if (value.ok()) return Push(*value);
  const std::string_view digits = line.substr(line.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return value.status();
  return Push(PickleBigInt{AsBytes(line)});
}

Status PickleMachine::Float() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto line, Line());
  SEGFORGE_ASSIGN_OR_RETURN(const auto value, NumberFrom<double>(line));
  return Push(value);
}

Status PickleMachine::BinFloat() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto bits, reader_.Read<uint64_t>());
  return Push(std::bit_cast<double>(__builtin_bswap64(bits)));  // the one big-endian thing in the format
}

Status PickleMachine::String() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto line, Line());
  return PushDecoded(DecodeQuoted(line));
}

Status PickleMachine::Unicode() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto line, Line());
  return PushDecoded(DecodeRawUnicode(line));
}

Status PickleMachine::PushDecoded(Result<std::string> decoded) {
  if (!decoded.ok()) return decoded.status();
  pickle_.decoded.push_back(std::make_unique<const std::string>(std::move(*decoded)));
  return Push(PickleText{*pickle_.decoded.back()});
}

Status PickleMachine::DictFromMark() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto items, PopToMark());
  SEGFORGE_RETURN_IF_ERROR(Push(PickleDict{}));
  return SetItemsOf(stack_.back(), items);
}

Status PickleMachine::Append() {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef item, PopRef());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef target, Top());
  return AppendTo(target, std::span(&item, 1));
}

Status PickleMachine::Appends() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto items, PopToMark());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef target, Top());
  return AppendTo(target, items);
}

Status PickleMachine::SetItem() {
  PickleRef pair[2];
  SEGFORGE_ASSIGN_OR_RETURN(pair[1], PopRef());
  SEGFORGE_ASSIGN_OR_RETURN(pair[0], PopRef());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef target, Top());
  return SetItemsOf(target, pair);
}

Status PickleMachine::SetItems() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto items, PopToMark());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef target, Top());
  return SetItemsOf(target, items);
}

Status PickleMachine::AppendTo(PickleRef target, std::span<const PickleRef> items) {
  PickleValue& value = pickle_.values[target];
  if (std::holds_alternative<PickleOpaque>(value)) return Status();
  auto* list = std::get_if<PickleList>(&value);
  if (list == nullptr) return InvalidInput("items are appended to what is no list");
  list->items.insert(list->items.end(), items.begin(), items.end());
  return Status();
}

Status PickleMachine::SetItemsOf(PickleRef target, std::span<const PickleRef> keys_and_values) {
  PickleValue& value = pickle_.values[target];
  if (keys_and_values.size() % 2 != 0) return InvalidInput("a key without a value");
  if (std::holds_alternative<PickleOpaque>(value)) return Status();
  auto* dict = std::get_if<PickleDict>(&value);
  if (dict == nullptr) return InvalidInput("items are set in what is no dict");
  for (size_t i = 0; i < keys_and_values.size(); i += 2)
    dict->items.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  return Status();
}

Status PickleMachine::Mark() {
  SEGFORGE_RETURN_IF_ERROR(Spend(1));
  marks_.push_back(stack_.size());
  return Status();
}

Status PickleMachine::Pop() {
  if (!marks_.empty() && marks_.back() == stack_.size()) {
    marks_.pop_back();
    return Status();
  }
  return PopRef().status();
}

Status PickleMachine::PopMark() { return PopToMark().status(); }

Status PickleMachine::Dup() {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef top, Top());
  return PushRef(top);
}

Status PickleMachine::Put() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto line, Line());
  SEGFORGE_ASSIGN_OR_RETURN(const auto index, NumberFrom<uint32_t>(line));
  return PutAt(index);
}

Status PickleMachine::Get() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto line, Line());
  SEGFORGE_ASSIGN_OR_RETURN(const auto index, NumberFrom<uint32_t>(line));
  return GetAt(index);
}

Status PickleMachine::PutAt(size_t index) {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef top, Top());
  if (index > memo_.size() + kMemoSlack)
    return InvalidInput("memo index {} after {} entries", index, memo_.size());
  if (index >= memo_.size()) {
    SEGFORGE_RETURN_IF_ERROR(Spend(index + 1 - memo_.size()));
    memo_.resize(index + 1, kNothing);
  }
  memo_[index] = top;
  return Status();
}

Status PickleMachine::GetAt(size_t index) {
  if (index >= memo_.size() || memo_[index] == kNothing) return InvalidInput("memo has no index {}", index);
  return PushRef(memo_[index]);
}

Status PickleMachine::Global() {
  SEGFORGE_ASSIGN_OR_RETURN(const auto module, Line());
  SEGFORGE_ASSIGN_OR_RETURN(const auto name, Line());
  return PushGlobal(module, name);
}

Status PickleMachine::StackGlobal() {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef name, PopRef());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef module, PopRef());
  const auto* module_text = pickle_.As<PickleText>(module);
  const auto* name_text = pickle_.As<PickleText>(name);
  if (module_text == nullptr || name_text == nullptr) return InvalidInput("a global's name is not text");
  return PushGlobal(module_text->text, name_text->text);
}

Status PickleMachine::PushGlobal(std::string_view module, std::string_view name) {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleGlobal* global, FindGlobal(module, name));
  return Push(global);
}

Status PickleMachine::Reduce() {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef arguments, PopRef());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef function, PopRef());
  return Call(function, arguments);
}

Status PickleMachine::NewObjEx() {
  SEGFORGE_RETURN_IF_ERROR(PopRef().status());  // keyword arguments: no class that we make takes any
  return Reduce();
}

Status PickleMachine::Inst() {
  SEGFORGE_ASSIGN_OR_RETURN(auto arguments, PopToMark());
  SEGFORGE_RETURN_IF_ERROR(Global());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef function, PopRef());
  return CallWith(function, std::move(arguments));
}

Status PickleMachine::Obj() {
  SEGFORGE_ASSIGN_OR_RETURN(auto arguments, PopToMark());
  if (arguments.empty()) return InvalidInput("an object without a class");
  const PickleRef function = arguments.front();
  arguments.erase(arguments.begin());
  return CallWith(function, std::move(arguments));
}

Status PickleMachine::CallWith(PickleRef function, std::vector<PickleRef> arguments) {
  SEGFORGE_RETURN_IF_ERROR(Push(PickleTuple{std::move(arguments)}));
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef tuple, PopRef());
  return Call(function, tuple);
}

Status PickleMachine::Call(PickleRef function, PickleRef arguments) {
  if (pickle_.As<PickleOpaque>(function) != nullptr) return Push(PickleOpaque{});
  const auto* global = pickle_.As<const PickleGlobal*>(function);
  if (global == nullptr) return InvalidInput("a value is called that is no function");
  SEGFORGE_ASSIGN_OR_RETURN(PickleValue result, CallGlobal(pickle_, **global, arguments, items_left_));
  return Push(std::move(result));
}

// The state of an object: attributes beside what a dict or tensor holds, or all that an ignored object is.
Status PickleMachine::Build() {
  SEGFORGE_RETURN_IF_ERROR(PopRef().status());
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef target, Top());
  const bool has_attributes = pickle_.As<PickleDict>(target) != nullptr ||
                              pickle_.AsTensor(target) != nullptr ||
                              pickle_.As<PickleOpaque>(target) != nullptr;
  return has_attributes ? Status() : InvalidInput("state is given to a plain value");
}

Status PickleMachine::BinPersId() {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef id, PopRef());
  SEGFORGE_ASSIGN_OR_RETURN(const TorchStorage storage, StorageFromId(pickle_, id));
  return Push(storage);
}

Status PickleMachine::Spend(size_t items) {
  if (items > items_left_) return InvalidInput("too many items");
  items_left_ -= items;
  return Status();
}

Status PickleMachine::Push(PickleValue value) {
  if (pickle_.values.size() >= kMaxValues) return InvalidInput("more than {} values", kMaxValues);
  pickle_.values.push_back(std::move(value));
  return PushRef(static_cast<PickleRef>(pickle_.values.size() - 1));
}

Status PickleMachine::PushRef(PickleRef ref) {
  SEGFORGE_RETURN_IF_ERROR(Spend(1));
  stack_.push_back(ref);
  return Status();
}

Result<PickleRef> PickleMachine::Top() {
  if (stack_.size() <= Floor()) return InvalidInput("the stack is empty");
  return stack_.back();
}

Result<PickleRef> PickleMachine::PopRef() {
  SEGFORGE_ASSIGN_OR_RETURN(const PickleRef top, Top());
  stack_.pop_back();
  return top;
}

Result<std::vector<PickleRef>> PickleMachine::PopToMark() {
  if (marks_.empty()) return InvalidInput("there is no mark");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleRef> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

// The bytes up to the next line feed, which is skipped.
Result<std::string_view> PickleMachine::Line() {
  const size_t begin = reader_.position();
  SEGFORGE_ASSIGN_OR_RETURN(const auto rest, reader_.Take(reader_.left()));
  const size_t length = AsText(rest).find('\n');
  if (length == std::string_view::npos) return InvalidInput("truncated: a line without an end");
  SEGFORGE_RETURN_IF_ERROR(reader_.Seek(begin + length + 1));
  return AsText(rest.first(length));
}

}  // namespace segforge
