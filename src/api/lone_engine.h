// A model's engine at one input size with one session, for measuring it alone.
#pragma once

#include "api/model_engine.h"

namespace segforge {

struct LoneEngine {
  ModelEngine model;   // outlives the session, whose plan runs its kernels
  double load_ms = 0;  // checkpoint to engine
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<Session> session;  // prepared; its input is filled with the same noise every time
};

// Of the options, size, height and width play no role. Throws Error.
LoneEngine MakeLoneEngine(const std::string& model, const SegmenterOptions& options, const InputSize& size);

// Multiply-adds count as two.
double GflopOf(const Plan& plan);

}  // namespace segforge
