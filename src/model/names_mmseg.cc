#include "model/names.h"

namespace segforge {

// mmsegmentation from 0.14 on, and 1.x: MixVisionTransformer with norm_cfg eps 1e-6 in every place, and
// SegformerHead. A backbone's stage is the list [patch embedding, blocks, norm]; torch's MultiheadAttention
// holds q, k and v in one tensor; the feed-forward layers 2, 3 and 5 are GELU and dropout.
constinit const NameTable kMmseg1Names = {
    .family = Family::kMmseg1,
    .encoder_root = "backbone.",
    .head_root = "decode_head.",
    .first_stage = 0,
    .eps = {.patch = 1e-6f, .block = 1e-6f, .sr = 1e-6f, .stage = 1e-6f},
    .patch_conv = {"backbone.layers.{s}.0.projection"},
    .patch_norm = {"backbone.layers.{s}.0.norm"},
    .norm1 = {"backbone.layers.{s}.1.{b}.norm1"},
    .query = {.path = "backbone.layers.{s}.1.{b}.attn.attn.in_proj", .part = 0, .parts = 3, .separator = '_'},
    .key = {.path = "backbone.layers.{s}.1.{b}.attn.attn.in_proj", .part = 1, .parts = 3, .separator = '_'},
    .value = {.path = "backbone.layers.{s}.1.{b}.attn.attn.in_proj", .part = 2, .parts = 3, .separator = '_'},
    .sr = {"backbone.layers.{s}.1.{b}.attn.sr"},
    .sr_norm = {"backbone.layers.{s}.1.{b}.attn.norm"},
    .proj = {"backbone.layers.{s}.1.{b}.attn.attn.out_proj"},
    .norm2 = {"backbone.layers.{s}.1.{b}.norm2"},
    .fc1 = {.path = "backbone.layers.{s}.1.{b}.ffn.layers.0", .conv1x1 = true},
    .dwconv = {"backbone.layers.{s}.1.{b}.ffn.layers.1"},
    .fc2 = {.path = "backbone.layers.{s}.1.{b}.ffn.layers.4", .conv1x1 = true},
    .stage_norm = {"backbone.layers.{s}.2"},
    .head_proj = {.path = "decode_head.convs.{s}.conv", .conv1x1 = true},
    .head_proj_bn = {"decode_head.convs.{s}.bn"},
    .fuse = {.path = "decode_head.fusion_conv.conv", .conv1x1 = true},
    .fuse_bn = {"decode_head.fusion_conv.bn"},
    .classifier = {.path = "decode_head.conv_seg", .conv1x1 = true},
};

}  // namespace segforge
