"""Weights for the peers: read from a checkpoint in the Hugging Face layout, or drawn at random for B0..B5."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HEADS = (1, 2, 5, 8)
SR_RATIOS = (8, 4, 2, 1)
PATCHES = (7, 3, 3, 3)
STRIDES = (4, 2, 2, 2)


@dataclass(frozen=True)
class Variant:
    widths: tuple
    depths: tuple
    head_width: int


_WIDE = (64, 128, 320, 512)
VARIANTS = {
    "b0": Variant((32, 64, 160, 256), (2, 2, 2, 2), 256),
    "b1": Variant(_WIDE, (2, 2, 2, 2), 256),
    "b2": Variant(_WIDE, (3, 4, 6, 3), 768),
    "b3": Variant(_WIDE, (3, 4, 18, 3), 768),
    "b4": Variant(_WIDE, (3, 8, 27, 3), 768),
    "b5": Variant(_WIDE, (3, 6, 40, 3), 768),
}

_DTYPES = {"F16": np.float16, "F32": np.float32}


def read_safetensors(path):
    """The floating-point tensors of a safetensors file, as float32 by name."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    body = data[8 + length:]
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if entry.get("dtype") not in _DTYPES:
            continue
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(body[begin:end], _DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"]).astype(np.float32)
    return tensors


def write_model(folder, tensors, config):
    """model.safetensors and config.json, as a Hugging Face folder has them."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, np.float32).tobytes())
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def random_model(name, classes):
    """Random tensors of a variant and its config. Scaled so that no activation grows without bound."""
    variant = VARIANTS[name]
    rng = np.random.default_rng(1)
    tensors = {}

    def weighted(key, *shape, bias=True):
        scale = 1 / np.sqrt(np.prod(shape[1:]))
        tensors[key + ".weight"] = (rng.standard_normal(shape) * scale).astype(np.float32)
        if bias:
            tensors[key + ".bias"] = (rng.standard_normal(shape[0]) * 0.1).astype(np.float32)

    def norm(key, width):
        tensors[key + ".weight"] = np.ones(width, np.float32)
        tensors[key + ".bias"] = np.zeros(width, np.float32)

    channels = 3
    for s, width in enumerate(variant.widths):
        weighted(f"segformer.encoder.patch_embeddings.{s}.proj", width, channels, PATCHES[s], PATCHES[s])
        norm(f"segformer.encoder.patch_embeddings.{s}.layer_norm", width)
        for b in range(variant.depths[s]):
            block = f"segformer.encoder.block.{s}.{b}"
            norm(f"{block}.layer_norm_1", width)
            norm(f"{block}.layer_norm_2", width)
            for part in ("query", "key", "value"):
                weighted(f"{block}.attention.self.{part}", width, width)
            if SR_RATIOS[s] > 1:
                weighted(f"{block}.attention.self.sr", width, width, SR_RATIOS[s], SR_RATIOS[s])
                norm(f"{block}.attention.self.layer_norm", width)
            weighted(f"{block}.attention.output.dense", width, width)
            weighted(f"{block}.mlp.dense1", 4 * width, width)
            weighted(f"{block}.mlp.dwconv.dwconv", 4 * width, 1, 3, 3)
            weighted(f"{block}.mlp.dense2", width, 4 * width)
        norm(f"segformer.encoder.layer_norm.{s}", width)
        weighted(f"decode_head.linear_c.{s}.proj", variant.head_width, width)
        channels = width
    weighted("decode_head.linear_fuse", variant.head_width, 4 * variant.head_width, 1, 1, bias=False)
    norm("decode_head.batch_norm", variant.head_width)
    tensors["decode_head.batch_norm.running_mean"] = np.zeros(variant.head_width, np.float32)
    tensors["decode_head.batch_norm.running_var"] = np.ones(variant.head_width, np.float32)
    weighted("decode_head.classifier", classes, variant.head_width, 1, 1)
    return tensors, _config(variant, classes)


def _config(variant, classes):
    return {
        "model_type": "segformer",
        "architectures": ["SegformerForSemanticSegmentation"],
        "num_channels": 3,
        "num_encoder_blocks": 4,
        "depths": variant.depths,
        "hidden_sizes": variant.widths,
        "num_attention_heads": HEADS,
        "sr_ratios": SR_RATIOS,
        "patch_sizes": PATCHES,
        "strides": STRIDES,
        "mlp_ratios": (4, 4, 4, 4),
        "decoder_hidden_size": variant.head_width,
        "hidden_act": "gelu",
        "id2label": {str(i): f"class {i}" for i in range(classes)},
    }
