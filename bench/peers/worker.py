"""A peer as a worker process; the same protocol as bench/engine_bench.cc.

    worker.py onnxruntime|openvino MODEL.onnx IMAGE HEIGHT WIDTH THREADS
"""

import json
import sys
import time

import cv2
import numpy as np

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def make_onnxruntime(model, shape, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


def make_openvino(model, shape, threads):
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape(shape)
    compiled = core.compile_model(network, "CPU", {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
    })
    request = compiled.create_infer_request()

    def run(x):
        request.infer([x], share_inputs=True)
        return request.get_output_tensor(0).data

    return run


def normalize(image):
    x = (image.astype(np.float32) / np.float32(255) - MEAN) / STD
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None])


def to_labels(logits, height, width):
    maps = np.ascontiguousarray(logits[0].transpose(1, 2, 0))
    return cv2.resize(maps, (width, height), interpolation=cv2.INTER_LINEAR).argmax(axis=-1).astype(np.uint8)


def timed(body, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append((time.perf_counter() - start) * 1e3)
    return {"times_ms": times}


def main():
    peer, model, image_path = sys.argv[1:4]
    height, width, threads = map(int, sys.argv[4:7])
    cv2.setNumThreads(threads)
    start = time.perf_counter()
    image = np.fromfile(image_path, np.uint8).reshape(height, width, 3)
    make = {"onnxruntime": make_onnxruntime, "openvino": make_openvino}[peer]
    run = make(model, [1, 3, height, width], threads)
    loaded = time.perf_counter()
    x = normalize(image)
    labels = to_labels(run(x), height, width)
    answer = {"load_ms": (loaded - start) * 1e3, "first_ms": (time.perf_counter() - loaded) * 1e3}
    print(json.dumps(answer), flush=True)
    for line in sys.stdin:
        command, argument = line.split()
        if command == "engine":
            answer = timed(lambda: run(x), int(argument))
        elif command == "labels":
            answer = timed(lambda: to_labels(run(normalize(image)), height, width), int(argument))
        else:
            labels.tofile(argument)
            answer = {"saved": True}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
