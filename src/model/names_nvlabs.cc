#include "model/names.h"

namespace segforge {

// NVlabs/SegFormer and mmsegmentation 0.x forks of it. Its blocks and stage ends are built with
// partial(LayerNorm, eps=1e-6); patch embedding and spatial reduction use torch's default.
// `decode_head.conv_seg` comes from a base class and is never run.
constinit const NameTable kNvlabsNames = {
    .family = Family::kNvlabs,
    .encoder_root = "backbone.",
    .head_root = "decode_head.",
    .first_stage = 1,
    .eps = {.patch = 1e-5f, .block = 1e-6f, .sr = 1e-5f, .stage = 1e-6f},
    .patch_conv = {"backbone.patch_embed{s}.proj"},
    .patch_norm = {"backbone.patch_embed{s}.norm"},
    .norm1 = {"backbone.block{s}.{b}.norm1"},
    .query = {"backbone.block{s}.{b}.attn.q"},
    .key = {.path = "backbone.block{s}.{b}.attn.kv", .part = 0, .parts = 2},
    .value = {.path = "backbone.block{s}.{b}.attn.kv", .part = 1, .parts = 2},
    .sr = {"backbone.block{s}.{b}.attn.sr"},
    .sr_norm = {"backbone.block{s}.{b}.attn.norm"},
    .proj = {"backbone.block{s}.{b}.attn.proj"},
    .norm2 = {"backbone.block{s}.{b}.norm2"},
    .fc1 = {"backbone.block{s}.{b}.mlp.fc1"},
    .dwconv = {"backbone.block{s}.{b}.mlp.dwconv.dwconv"},
    .fc2 = {"backbone.block{s}.{b}.mlp.fc2"},
    .stage_norm = {"backbone.norm{s}"},
    .head_proj = {"decode_head.linear_c{s}.proj"},
    .head_proj_bn = {},
    .fuse = {.path = "decode_head.linear_fuse.conv", .conv1x1 = true},
    .fuse_bn = {"decode_head.linear_fuse.bn"},
    .classifier = {.path = "decode_head.linear_pred", .conv1x1 = true},
};

}  // namespace segforge
