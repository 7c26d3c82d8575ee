"""Segforge beside PyTorch on one NVIDIA GPU: SegFormers of the published sizes with random weights and 19 classes.

    python3 bench/peers/torch_gpu.py SEGFORGE [--cases b1:1024:1,...] [--compile] [--max-autotune]

Both compute logits, upsample them to the image's size and take the argmax. PyTorch (transformers, SDPA attention) is timed
with CUDA events, median of 50, eagerly, as a CUDA graph and compiled; Segforge by its own `bench --tune`, wall clock from input on
the device to labels in host memory: "engine" ends with the logits, "labels" adds upsampling, argmax and the copy. The two
take turns in one process tree, PyTorch first, then Segforge, then PyTorch's graph again as a check of the clock.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import torch
import transformers

WIDTHS = {"b0": [32, 64, 160, 256]}
DEPTHS = {"b0": [2, 2, 2, 2], "b1": [2, 2, 2, 2], "b2": [3, 4, 6, 3], "b3": [3, 4, 18, 3], "b4": [3, 8, 27, 3],
          "b5": [3, 6, 40, 3]}


def make_model(variant):
    config = transformers.SegformerConfig(
        depths=DEPTHS[variant], hidden_sizes=WIDTHS.get(variant, [64, 128, 320, 512]),
        decoder_hidden_size=256 if variant in ("b0", "b1") else 768, num_labels=19)
    torch.manual_seed(0)
    return transformers.SegformerForSemanticSegmentation(config).eval()


def labels_of(model, size):
    def run(pixels):
        logits = model(pixels).logits
        return torch.nn.functional.interpolate(logits, size=(size, size), mode="bilinear").argmax(1).to(torch.uint8)
    return run


def median_ms(run, times=50):
    for _ in range(5):
        run()
    events = []
    for _ in range(times):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        stop.record()
        events.append((start, stop))
    torch.cuda.synchronize()
    taken = sorted(start.elapsed_time(stop) for start, stop in events)
    return taken[len(taken) // 2]


def graph_of(run, pixels):
    for _ in range(3):
        run(pixels)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run(pixels)
    return graph.replay


def time_torch(model, size, batch, options):
    pixels = torch.randn(batch, 3, size, size, device="cuda", dtype=torch.float16)
    run = labels_of(model, size)
    with torch.inference_mode():
        replay = graph_of(run, pixels)
        result = {"eager": median_ms(lambda: run(pixels)), "graph": median_ms(replay)}
        for name, wanted, mode in (("compile", options.compile, None), ("max-autotune", options.max_autotune, "max-autotune")):
            if wanted:
                torch._dynamo.reset()
                compiled = torch.compile(run, mode=mode)
                result[name] = median_ms(lambda: compiled(pixels))
    return result, replay


def time_segforge(binary, folder, size, batch, precision):
    done = subprocess.run([binary, "bench", folder, "--device", "cuda", "--precisions", precision, "--sizes", f"{size}x{size}",
                           "--batches", str(batch), "--seconds", "0.5", "--tune", "--json", "-"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def show(case, precision, result):
    if "engine" not in result:
        print(case, precision, result, flush=True)
        return
    parts = {name: round(part["median_ms"], 3) for name, part in result["image_to_labels"]["parts"].items()}
    print(case, "segforge", precision, "engine ms:", round(result["engine"]["median_ms"], 3), "of image to labels:", parts,
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("segforge")
    parser.add_argument("--cases", default="b1:1024:1,b1:1024:8,b1:512:1,b0:1024:1,b2:1024:1,b5:1024:1")
    parser.add_argument("--precisions", default="fp16")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--max-autotune", action="store_true")
    options = parser.parse_args()
    print(torch.cuda.get_device_name(), "torch", torch.__version__, "transformers", transformers.__version__)
    for case in options.cases.split(","):
        variant, size, batch = case.split(":")
        size, batch = int(size), int(batch)
        model = make_model(variant)
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            peer, replay = time_torch(model.cuda().half(), size, batch, options)
            ours = {p: time_segforge(options.segforge, folder, size, batch, p) for p in options.precisions.split(",")}
            peer["graph again"] = median_ms(replay)
        print(case, "torch ms:", {name: round(ms, 3) for name, ms in peer.items()}, flush=True)
        for precision, result in ours.items():
            show(case, precision, result["cases"][0])


if __name__ == "__main__":
    main()
