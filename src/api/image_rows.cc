#include "api/image_rows.h"

#include <filesystem>

#include "api/error.h"

namespace segforge {

ImageRows::ImageRows(const std::string& path) : state_(std::make_unique<State>()) {
  state_->name = path == "-" ? "standard input" : path;
  std::error_code missing;
  if (path != "-" && std::filesystem::is_regular_file(path, missing)) {
    state_->source = Unwrap(OpenRows(path));
    return;
  }
  state_->bytes = ReadBytes(path);
  auto source = OpenRows(state_->bytes);
  if (!source.ok()) Throw(source.status().Within(state_->name));
  state_->source = std::move(source).value();
}

ImageRows::ImageRows(ImageRows&&) noexcept = default;
ImageRows& ImageRows::operator=(ImageRows&&) noexcept = default;
ImageRows::~ImageRows() = default;

int64_t ImageRows::height() const { return state_->source->height(); }
int64_t ImageRows::width() const { return state_->source->width(); }

}  // namespace segforge
