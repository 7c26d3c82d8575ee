// What ImageRows holds.
#pragma once

#include "image/row_source.h"
#include "segforge/rows.h"

namespace segforge {

struct ImageRows::State {
  std::string name;  // for errors
  FileBytes bytes;   // of what is no file
  std::unique_ptr<RowSource> source;
};

}  // namespace segforge
