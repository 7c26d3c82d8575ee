#include "api/session_pool.h"

#include <gtest/gtest.h>

#include <future>

#include "model/model_from_checkpoint.h"
#include "model/synthetic_checkpoint.h"

namespace segforge {
namespace {

LoadedModel SmallModel() {
  testing::SyntheticModel small;
  small.depths = {1, 1, 1, 1};
  small.head_width = 16;
  Model loaded =
      ModelFromCheckpoint(testing::MakeCheckpoint(testing::NvlabsShapes(small), true), {}, {}).value();
  LoadedModel model;
  model.engine = Engine::Build(std::move(loaded.graph), MakeCpuBackend(), {}).value();
  return model;
}

std::vector<LoadedModel> TwoModels() {
  std::vector<LoadedModel> models;
  models.push_back(SmallModel());
  models.push_back(SmallModel());
  return models;
}

TEST(SessionPool, SpreadsCallersOverDevices) {
  const std::vector<LoadedModel> models = TwoModels();
  SessionPool pool(models, DeviceWait::kSpin, 2);
  const auto first = pool.Take().value();
  auto second = pool.Take().value();
  const auto third = pool.Take().value();
  EXPECT_EQ(&first->model(), &models[0]);
  EXPECT_EQ(&second->model(), &models[1]);
  EXPECT_EQ(&third->model(), &models[0]);
  const Session* const used = &second->session();
  second.reset();
  const auto fourth = pool.Take().value();
  EXPECT_EQ(&fourth->session(), used);
}

TEST(SessionPool, WaitsWhereAllAreTaken) {
  const std::vector<LoadedModel> models = TwoModels();
  SessionPool pool(models, DeviceWait::kSpin, 1);
  auto first = pool.Take().value();
  const auto second = pool.Take().value();
  const Session* const used = &first->session();
  auto third = std::async(std::launch::async, [&] { return pool.Take().value(); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  first.reset();
  EXPECT_EQ(&third.get()->session(), used);
}

TEST(SessionPool, WithoutABoundEveryCallerHasOne) {
  const std::vector<LoadedModel> models = TwoModels();
  SessionPool pool(models, DeviceWait::kSpin, 0);
  std::vector<std::unique_ptr<SessionPool::Lease>> leases;
  leases.reserve(9);
  for (int i = 0; i < 9; ++i) leases.push_back(pool.Take().value());
  for (size_t i = 1; i < leases.size(); ++i) EXPECT_NE(&leases[i]->session(), &leases[0]->session());
}

}  // namespace
}  // namespace segforge
