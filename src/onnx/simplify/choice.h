// Which places of a fusion are chosen.
#pragma once

#include "onnx/simplify/simplify.h"

namespace segforge::simplify {

// A place is chosen by its number among those where the fusion fits, or by a name of one of its nodes or
// values.
class Chooser {
 public:
  Chooser(const Graph& graph, const Choice& choice, std::string_view fusion)
      : graph_(graph), choice_(choice), fusion_(fusion), was_used_(choice.names.size(), false) {}

  bool Takes(const std::vector<NodeId>& place);
  // Fails where fewer places were there than the choice asks for, or a name fits none.
  Status Finish() const;

 private:
  const Graph& graph_;
  const Choice& choice_;
  std::string_view fusion_;
  std::vector<bool> was_used_;
  int64_t places_ = 0;
};

// "all", "none", a number or names separated by commas.
Result<Choice> ParseChoice(std::string_view text);

}  // namespace segforge::simplify
