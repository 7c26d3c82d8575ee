"""Shrinks ONNX files of SegFormer-B0 to seeds for fuzz/onnx_fuzz: every node, short names, weights of zeros.

A file of free sizes becomes a whole SegFormer, a sixteenth as wide. In a file of fixed sizes, whose constants do not
say which are widths, weights are cut to four elements at most: it is read, and refused as a model.

    python tests/data/make_onnx_seeds.py OUT FILE.onnx...      (needs onnx and numpy)
"""
import pathlib
import sys

import numpy as np
import onnx

WIDTHS = [32, 64, 128, 160, 256, 512, 640, 1024]


def narrow(size):
    return size // 16 if size in WIDTHS else size


def narrow_tensor(tensor):
    value = onnx.numpy_helper.to_array(tensor)
    if value.dtype == np.int64:
        value = np.vectorize(narrow, otypes=[np.int64])(value)
    elif value.ndim > 0:
        value = np.zeros([narrow(size) for size in value.shape], value.dtype)
    elif abs(value - 32**-0.5) < 1e-6:  # attention's scale
        value = np.array(2**-0.5, value.dtype)
    tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))


def cut_tensor(tensor):
    value = onnx.numpy_helper.to_array(tensor)
    shape = []
    for size in value.shape:
        shape.append(max(1, min(size, 4 // int(np.prod(shape, dtype=int)))))
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(shape, value.dtype), tensor.name))


def shrink(model):
    graph = model.graph
    names = {"": ""}
    is_free = any(dim.dim_param for dim in graph.input[0].type.tensor_type.shape.dim)
    for tensor in graph.initializer:
        narrow_tensor(tensor) if is_free else cut_tensor(tensor)
    for node in graph.node:
        for attribute in node.attribute if is_free else []:
            if attribute.name == "value":
                narrow_tensor(attribute.t)
            if attribute.name == "group":
                attribute.i = narrow(attribute.i)
        node.name = node.doc_string = ""
        del node.metadata_props[:]
    short = lambda name: names.setdefault(name, f"v{len(names)}")
    for holder in [*graph.initializer, *graph.input, *graph.output]:
        holder.name = short(holder.name)
    for node in graph.node:
        node.input[:] = [short(name) for name in node.input]
        node.output[:] = [short(name) for name in node.output]
    del graph.value_info[:], model.metadata_props[:], graph.metadata_props[:], model.functions[:]
    return model


out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
for path in map(pathlib.Path, sys.argv[2:]):
    (out / path.name).write_bytes(shrink(onnx.load(path)).SerializeToString())
