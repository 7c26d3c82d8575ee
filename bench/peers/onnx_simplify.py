"""segforge simplify beside onnxsim: nodes, time, and the latency of what they write in ONNX Runtime.

    onnx_simplify.py SEGFORGE FOLDER MODEL.onnx...  [--runs N] [--size 224] [--only-given]

Exports seven networks of random weights into FOLDER, by both of PyTorch's exporters, and simplifies them and the given
files by both. Needs torch, torchvision, timm, onnx, onnxsim and onnxruntime. Latencies are medians of runs on the CPU,
two threads, the files' sessions taken in turns. Times to simplify are those of the whole program, without a check.
"folded" is what segforge export writes of a SegFormer, with a folded head.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime
import torch

EXPORTED_SIZE = 224


def randomized(model):
    """Biases and norms are no zeros and ones, as in a trained network."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in list(model.named_parameters()) + list(model.named_buffers()):
            if value.dim() == 1 and value.is_floating_point():
                low = 0.5 if name.endswith("var") or name.endswith("weight") else -0.1
                value.copy_(torch.empty_like(value).uniform_(low, low + 0.2, generator=generator))
    return model.eval()


def models():
    import timm
    import torchvision.models as vision

    legacy = {"dynamo": False}
    dynamo = {"dynamo": True, "external_data": False}
    batch = {"dynamic_axes": {"input": {0: "batch"}}}
    size = {"dynamic_axes": {"input": {2: "height", 3: "width"}}}
    as_trained = {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
    yield "resnet50-13", vision.resnet50(weights=None), {"opset_version": 13} | legacy | batch | as_trained
    yield "mobilenet_v3-17", vision.mobilenet_v3_large(weights=None), {"opset_version": 17} | legacy
    yield "deit_small-17", timm.create_model("deit_small_patch16_224"), {"opset_version": 17} | legacy | batch
    yield "swin_tiny-16", timm.create_model("swin_tiny_patch4_window7_224"), {"opset_version": 16} | legacy
    deeplab = vision.segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None)
    yield "deeplabv3-14", deeplab, {"opset_version": 14} | legacy | size
    yield "convnext_tiny-18", timm.create_model("convnext_tiny"), {"opset_version": 18} | dynamo
    yield "efficientnet-18", vision.efficientnet_b0(weights=None), {"opset_version": 18} | dynamo


def export(folder):
    for name, model, options in models():
        path = folder / f"{name}.onnx"
        if not path.exists():
            image = torch.zeros(1, 3, EXPORTED_SIZE, EXPORTED_SIZE)
            torch.onnx.export(randomized(model), (image,), str(path), input_names=["input"], verbose=False, **options)
        yield path


def count(path):
    return sum(node.op_type != "Constant" for node in onnx.load(path).graph.node)


def timed(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return time.perf_counter() - start


def open_session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def shape_for(session, size):
    return [d if isinstance(d, int) else 1 if i == 0 else size for i, d in enumerate(session.get_inputs()[0].shape)]


def latencies_ms(paths, runs, size):
    sessions = [open_session(path) for path in paths]
    image = np.random.default_rng(0).standard_normal(shape_for(sessions[0], size), dtype=np.float32)
    feeds = [{session.get_inputs()[0].name: image} for session in sessions]
    outputs = [session.run(None, feed) for session, feed in zip(sessions, feeds)]
    times = [[] for _ in sessions]
    for _ in range(runs):
        for session, feed, own in zip(sessions, feeds, times):
            start = time.perf_counter()
            session.run(None, feed)
            own.append(1e3 * (time.perf_counter() - start))
    return [statistics.median(own) for own in times], [difference(outputs[0], each) for each in outputs]


def difference(wanted, got):
    return max(float(np.abs(a.astype(np.float64) - b).max() / max(np.abs(a).max(), 1e-30)) for a, b in zip(wanted, got))


def folded_export(segforge, path, folded, size):
    """Of the same sizes and output, where the file is a SegFormer's."""
    session = open_session(path)
    _, _, height, width = shape_for(session, size)
    labels = session.get_outputs()[0].type == "tensor(int64)"
    command = [segforge, "export", str(path), "-o", str(folded), "--size", f"{height}x{width}", "--output",
               "labels" if labels else "logits"]
    return subprocess.run(command, capture_output=True).returncode == 0


def measure(segforge, folder, path, runs, size):
    suffixes = ("onnxsim", "simplified", "fused", "folded")
    sim, ours, fused, folded = (folder / f"{path.stem}.{suffix}.onnx" for suffix in suffixes)
    sim_s = timed([sys.executable, "-m", "onnxsim", str(path), str(sim)])
    ours_s = timed([segforge, "simplify", str(path), str(ours), "--no-check"])
    timed([segforge, "simplify", str(path), str(fused), "--no-check", "--opset", "20", "--fuse", "layernorm=all",
           "--fuse", "gelu=all"])
    files = [path, sim, ours, fused]
    if folded_export(segforge, path, folded, size):
        files.append(folded)
    times, differences = latencies_ms(files, runs, size)
    absent = [" | -"] * (5 - len(files))
    nodes = " | ".join(f"{count(file)}" for file in files)
    ms = " | ".join(f"{each:.1f}" for each in times)
    nodes, ms = nodes + "".join(absent), ms + "".join(absent)
    worst = " | ".join(f"{each:.0e}" for each in (max(differences[2:4]), *differences[4:]))
    print(f"| {path.stem} | {nodes} | {sim_s:.1f} s | {ours_s:.2f} s | {ms} | {worst}{''.join(absent)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("segforge")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--size", type=int, default=224, help="of images where the file leaves it free")
    parser.add_argument("--only-given", action="store_true", help="no other networks")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    forms = "onnxsim | simplify | + fuse | folded"
    columns = f"file | nodes | {forms} | onnxsim takes | simplify takes | ms | {forms} | differ by | folded"
    print(f"| {columns} |\n|{' --- |' * 15}")
    for path in [*arguments.models, *([] if arguments.only_given else export(arguments.folder))]:
        measure(arguments.segforge, arguments.folder, path, arguments.runs, arguments.size)


if __name__ == "__main__":
    main()
