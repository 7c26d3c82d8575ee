"""Runs exported ONNX files in ONNX Runtime and OpenVINO and compares them with Segforge.

    python tests/onnx/check_export.py build/segforge       (needs the packages of bench/requirements.txt)

For a model of each family, of which two need the shared folder: every opset, sizes fixed and free, logits and labels,
the head folded and as published, weights in float32 and float16. Each file must pass onnx.checker, be read back by
Segforge, and give its logits within 1e-4 of the greatest, and its labels wherever two classes are not as near as that.
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

try:
    import numpy as np
    import onnx
    import onnxruntime
    import openvino
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SEGFORGE_SHARED", ROOT.parent / "shared"))
sys.path.insert(0, str(ROOT / "bench/peers"))
import checkpoint  # noqa: E402

HEIGHT, WIDTH = 100, 132
TOLERANCE = 1e-4
OPSETS = (11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)
FREE = ["--dynamic", "batch,height,width"]
FIXED = ["--size", f"{HEIGHT}x{WIDTH}"]
CASES = [[f"--opset={opset}", *FIXED] for opset in OPSETS]
CASES += [[f"--opset={opset}", *FREE, "--output=labels", "--head=published"] for opset in OPSETS]
CASES += [
    [*FREE],
    [*FIXED, "--output=labels"],
    [*FIXED, "--head=published"],
    [*FIXED, "--dynamic=batch", "--output=labels"],
    [*FIXED, "--dynamic=width"],
    [*FREE, "--weights=fp16"],
    [*FIXED, "--weights=fp16", "--head=published", "--opset=11"],
]

MMSEG_NAMES = [
    (r"segformer\.encoder\.patch_embeddings\.(\d)\.proj", r"backbone.layers.\1.0.projection"),
    (r"segformer\.encoder\.patch_embeddings\.(\d)\.layer_norm", r"backbone.layers.\1.0.norm"),
    (r"segformer\.encoder\.block\.(\d)\.(\d+)", r"backbone.layers.\1.1.\2"),
    (r"segformer\.encoder\.layer_norm\.(\d)", r"backbone.layers.\1.2"),
    (r"layer_norm_(\d)", r"norm\1"),
    (r"attention\.self\.sr", "attn.sr"),
    (r"attention\.self\.layer_norm", "attn.norm"),
    (r"attention\.output\.dense", "attn.attn.out_proj"),
    (r"mlp\.dense1", "ffn.layers.0"),
    (r"mlp\.dwconv\.dwconv", "ffn.layers.1"),
    (r"mlp\.dense2", "ffn.layers.4"),
    (r"decode_head\.linear_c\.(\d)\.proj", r"decode_head.convs.\1.conv"),
    (r"decode_head\.linear_fuse", "decode_head.fusion_conv.conv"),
    (r"decode_head\.batch_norm", "decode_head.fusion_conv.bn"),
    (r"decode_head\.classifier", "decode_head.conv_seg"),
]


def mmseg_model(folder):
    """A B0 with random weights under mmseg 1.x's names."""
    tensors, _ = checkpoint.random_model("b0", classes=19)
    renamed, rng = {}, np.random.default_rng(2)
    for name, value in tensors.items():
        for pattern, to in MMSEG_NAMES:
            name = re.sub(pattern, to, name)
        if ".convs." in name and name.endswith("bias"):
            continue
        if re.search(r"\.ffn\.layers\.[04]\.weight|\.convs\.\d\.conv\.weight", name):
            value = value[:, :, None, None]
        renamed[name] = value
    for name in [name for name in renamed if ".self.query." in name]:
        block, kind = name.split("attention.self.query.")
        parts = [renamed.pop(f"{block}attention.self.{part}.{kind}") for part in ("query", "key", "value")]
        renamed[f"{block}attn.attn.in_proj_{kind}"] = np.concatenate(parts)
    for stage in range(4):
        for part, low, high in (("weight", 0.5, 1.5), ("bias", -1, 1), ("running_mean", -1, 1), ("running_var", 0.5, 2)):
            renamed[f"decode_head.convs.{stage}.bn.{part}"] = rng.uniform(low, high, 256).astype(np.float32)
    checkpoint.write_model(folder, renamed, {})
    return folder / "model.safetensors"


def write_image(path, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) +
                     chunk(b"IEND", b""))


def run_segforge(binary, model, images, scratch):
    """Logits [N, classes, h, w] and labels [N, H, W]."""
    logits, labels = [], []
    for image in images:
        subprocess.run([binary, "segment", image, "-m", model, "-q", "--format", "npy", "-o", scratch / "labels.npy",
                        "--save-logits", scratch / "logits.npy"], check=True)
        logits.append(np.load(scratch / "logits.npy"))
        labels.append(np.load(scratch / "labels.npy"))
    return np.stack(logits), np.stack(labels)


def network_input(file, pixels):
    """As the file's own metadata says."""
    said = json.loads({entry.key: entry.value for entry in file.metadata_props}["preprocessor_config"])
    x = pixels.astype(np.float32) * np.float32(said["rescale_factor"])
    x = (x - np.float32(said["image_mean"])) / np.float32(said["image_std"])
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def run_onnxruntime(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": x})[0]


def run_openvino(path, x):
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(x)[0]


def upsampled(logits):
    """Bilinear with half-pixel centres, to HEIGHT x WIDTH."""
    for axis, size in ((2, HEIGHT), (3, WIDTH)):
        own = logits.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * own / size - 0.5, 0, own - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, own - 1)
        share = (at - low).reshape([-1 if i == axis else 1 for i in range(4)])
        logits = logits.take(low, axis) * (1 - share) + logits.take(high, axis) * share
    return logits


def error_of(got, logits, labels):
    """Relative to the greatest logit; of labels by how much the wrong class is behind."""
    greatest = np.abs(logits).max()
    if got.dtype != np.int64:
        return np.abs(got - logits).max() / greatest
    full = upsampled(logits.astype(np.float64))
    behind = np.take_along_axis(full, labels[:, None].astype(np.int64), 1) - np.take_along_axis(full, got, 1)
    return np.abs(behind).max() / greatest


def check(binary, model, options, images, pixels, expected, scratch):
    """The greatest error of each engine."""
    path = scratch / "exported.onnx"
    subprocess.run([binary, "export", model, "-o", path, *options], check=True, stdout=subprocess.DEVNULL)
    file = onnx.load(path)
    onnx.checker.check_model(file, full_check=True)
    assert all(node.domain == "" for node in file.graph.node)
    assert any(node.op_type == "Shape" for node in file.graph.node) == any("--dynamic" in text for text in options)
    again = run_segforge(binary, path, images, scratch)
    if "--weights=fp16" in options:
        expected = again  # rounded weights are the file's, not the engine's
    x = network_input(file, pixels)
    batches = [x] if "batch" in str(options) else np.split(x, len(x))
    errors = {"Segforge": np.abs(again[0] - expected[0]).max() / np.abs(expected[0]).max()}
    for name, run in (("ONNX Runtime", run_onnxruntime), ("OpenVINO", run_openvino)):
        got = np.concatenate([run(path, batch) for batch in batches])
        errors[name] = error_of(got, *expected)
    return errors


def main():
    binary = Path(sys.argv[1]).resolve()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        coarse = np.random.default_rng(3).integers(0, 256, (2, 10, 12, 3), np.uint8)
        pixels = np.ascontiguousarray(coarse.repeat(10, 1).repeat(11, 2))
        images = [scratch / "a.png", scratch / "b.png"]
        for image, one in zip(images, pixels):
            write_image(image, one)
        models = [mmseg_model(scratch / "mmseg"), SHARED / "models/b0-hf", SHARED / "models/b0.nvlabs.pth"]
        for model in models:
            if not model.exists():
                print(f"{model.name}: skipped, it is not there")
                continue
            expected = run_segforge(binary, model, images, scratch)
            for options in CASES:
                errors = check(binary, model, options, images, pixels, expected, scratch)
                is_bad = not max(errors.values()) <= TOLERANCE
                failed += is_bad
                shown = "  ".join(f"{name} {error:.1e}" for name, error in errors.items())
                print(f"{'BAD ' if is_bad else ''}{model.name} {' '.join(options)}: {shown}", flush=True)
    print(f"{failed} bad" if failed else "all good")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
