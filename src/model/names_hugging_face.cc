#include "model/names.h"

namespace segforge {

// transformers' SegformerForSemanticSegmentation. Its LayerNorms are all made with torch's default eps:
// `layer_norm_eps` of config.json is not read there, so it is not read here.
constinit const NameTable kHuggingFaceNames = {
    .family = Family::kHuggingFace,
    .encoder_root = "segformer.",
    .head_root = "decode_head.",
    .first_stage = 0,
    .eps = {.patch = 1e-5f, .block = 1e-5f, .sr = 1e-5f, .stage = 1e-5f},
    .patch_conv = {"segformer.encoder.patch_embeddings.{s}.proj"},
    .patch_norm = {"segformer.encoder.patch_embeddings.{s}.layer_norm"},
    .norm1 = {"segformer.encoder.block.{s}.{b}.layer_norm_1"},
    .query = {"segformer.encoder.block.{s}.{b}.attention.self.query"},
    .key = {"segformer.encoder.block.{s}.{b}.attention.self.key"},
    .value = {"segformer.encoder.block.{s}.{b}.attention.self.value"},
    .sr = {"segformer.encoder.block.{s}.{b}.attention.self.sr"},
    .sr_norm = {"segformer.encoder.block.{s}.{b}.attention.self.layer_norm"},
    .proj = {"segformer.encoder.block.{s}.{b}.attention.output.dense"},
    .norm2 = {"segformer.encoder.block.{s}.{b}.layer_norm_2"},
    .fc1 = {"segformer.encoder.block.{s}.{b}.mlp.dense1"},
    .dwconv = {"segformer.encoder.block.{s}.{b}.mlp.dwconv.dwconv"},
    .fc2 = {"segformer.encoder.block.{s}.{b}.mlp.dense2"},
    .stage_norm = {"segformer.encoder.layer_norm.{s}"},
    .head_proj = {"decode_head.linear_c.{s}.proj"},
    .head_proj_bn = {},
    .fuse = {.path = "decode_head.linear_fuse", .conv1x1 = true},
    .fuse_bn = {"decode_head.batch_norm"},
    .classifier = {.path = "decode_head.classifier", .conv1x1 = true},
};

}  // namespace segforge
