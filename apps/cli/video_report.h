// What is said about a segmented video, for people and for machines.
#pragma once

#include <cstdio>
#include <string>

#include "segforge/video.h"

namespace segforge::cli {

struct VideoSummary {
  std::string input;
  std::string output;
  ModelInfo model;
  std::string device;
  VideoReport report;
};

void PrintVideo(std::FILE* file, const VideoSummary& summary);
std::string VideoJson(const VideoSummary& summary);

}  // namespace segforge::cli
