"""Segforge beside ONNX Runtime and OpenVINO: the same weights, the same image, one run.

Each engine is a process of its own, kept alive and told to run in turns. "median" is float input to logits;
"labels" is the whole way from the image to labels of its size, with numpy and OpenCV around the peers.
Ratios above 1 say how many times slower, or larger, than Segforge. The share of the FMA peak counts the multiply-adds
that Segforge really does, for the peers those of the model as published.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import onnx

import checkpoint
import measure
import report
import segformer_onnx

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SEGFORGE_SHARED", ROOT.parent / "shared"))
BUILT_IN = ROOT / "models/street-b0"
EXPORTED = SHARED / "models/b0.hf.op12.onnx"  # the built-in model's weights, as PyTorch exported them
PEERS = ("onnxruntime", "openvino")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./do bench peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024], help="sides of square images")
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    parser.add_argument("--engines", nargs="+", default=["segforge", *PEERS], choices=["segforge", *PEERS])
    parser.add_argument("--model", default=str(BUILT_IN),
                        help="a Hugging Face folder, or b0..b5 for random weights (default: the built-in model)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each engine in each round")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between turns")
    parser.add_argument("--binaries", type=Path, default=ROOT / "build-bench")
    parser.add_argument("--out", type=Path, default=ROOT / "out/bench/peers.json")
    options = parser.parse_args()
    if "segforge" not in options.engines:
        parser.error("--engines must name segforge: everything is compared with it")
    return options


def find_model(name, scratch):
    """(folder for Segforge, its weights by name, an ONNX file of any size or None)"""
    if name in checkpoint.VARIANTS:
        folder = scratch / name
        tensors, config = checkpoint.random_model(name, classes=19)
        checkpoint.write_model(folder, tensors, config)
        return folder, tensors, None
    folder = Path(name)
    exported = EXPORTED if folder.resolve() == BUILT_IN and EXPORTED.exists() else None
    return folder, checkpoint.read_safetensors(folder / "model.safetensors"), exported


def published_gmac(model):
    """Multiply-adds of an ONNX graph of fixed size: convolutions and matrix products."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {i.name: list(i.dims) for i in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        shapes[value.name] = [d.dim_value for d in value.type.tensor_type.shape.dim]
    macs = 0
    for node in graph.node:
        if node.op_type == "Conv":
            macs += np.prod(shapes[node.output[0]]) * np.prod(shapes[node.input[1]][1:])
        elif node.op_type == "MatMul":
            macs += np.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return float(macs) * 1e-9


def write_image(size, path):
    photographs = sorted((BUILT_IN / "demo").glob("*.jpg"))
    if photographs:
        image = cv2.cvtColor(cv2.imread(str(photographs[0])), cv2.COLOR_BGR2RGB)
    else:
        image = np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8)
    cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA).tofile(path)


def fma_peak(binaries, threads):
    output = subprocess.run([binaries / "fma_peak", str(threads)], capture_output=True, text=True, check=True)
    return json.loads(output.stdout)


def run_case(options, folder, weights, exported, size, threads, scratch):
    image = scratch / f"image{size}.raw"
    write_image(size, image)
    built = segformer_onnx.build(dict(weights), size, size)
    onnx_path = exported
    if exported is None:
        onnx_path = scratch / f"model{size}.onnx"
        onnx.save(built, onnx_path)
    tail = [str(image), str(size), str(size), str(threads)]
    commands = {peer: [sys.executable, str(Path(__file__).with_name("worker.py")), peer, str(onnx_path), *tail]
                for peer in options.engines if peer in PEERS}
    commands = {"segforge": [str(options.binaries / "engine_bench"), str(folder), *tail], **commands}
    before = fma_peak(options.binaries, threads)
    rows = measure.measure_case(commands, size, threads, options, scratch)
    peak = max(before, fma_peak(options.binaries, threads), key=lambda p: p["gflops"])
    ours = np.fromfile(scratch / "segforge.labels", np.uint8)
    for row in rows:
        row.setdefault("gmac", published_gmac(built))
        row["fma_peak"] = peak
        row["fma_share"] = 2 * row["gmac"] / (row["median_ms"] * 1e-3) / peak["gflops"]
        if row["engine"] != "segforge":
            row["labels_differ"] = float(np.mean(ours != np.fromfile(scratch / f"{row['engine']}.labels", np.uint8)))
    return rows


def machine():
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def main():
    options = parse_arguments()
    scratch = options.out.parent / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    folder, weights, exported = find_model(options.model, scratch)
    rows = []
    for threads in options.threads:
        for size in options.sizes:
            print(f"{size}² with {threads} threads ...", file=sys.stderr)
            rows += run_case(options, folder, weights, exported, size, threads, scratch)
    packages = {name: version(name) for name in (*PEERS, "numpy", "opencv-python-headless", "onnx")}
    result = {"machine": machine(), "packages": packages, "model": options.model,
              "onnx": str(exported.name if exported else "built from the weights"),
              "rounds": options.rounds, "runs": options.runs, "rows": rows}
    options.out.write_text(json.dumps(result, indent=1))
    print(f"{result['machine']['cpu']}, {rows[0]['fma_peak']['target']}, FMA peak {rows[0]['fma_peak']['gflops']} GFLOP/s "
          f"with {rows[0]['threads']} threads; peers run {result['onnx']}")
    print(report.format_table(rows))
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
