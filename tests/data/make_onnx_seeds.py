"""Shrinks ONNX files to seeds for fuzz/onnx_fuzz: every node, short names, weights of at most four elements.

    python tests/data/make_onnx_seeds.py OUT FILE.onnx...      (needs onnx and numpy)
"""
import pathlib
import sys

import onnx


def shrink(model):
    names = {}

    def short(name):
        return names.setdefault(name, f"v{len(names)}") if name else ""

    for tensor in model.graph.initializer:
        size = 1
        for i, dim in enumerate(tensor.dims):
            tensor.dims[i] = max(1, min(dim, 4 // size))
            size *= tensor.dims[i]
        bytes_each = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        tensor.raw_data = bytes(size * bytes_each)
        tensor.name = short(tensor.name)
    for node in model.graph.node:
        node.name = node.doc_string = ""
        del node.metadata_props[:]
        node.input[:] = [short(name) for name in node.input]
        node.output[:] = [short(name) for name in node.output]
    for value in [*model.graph.input, *model.graph.output]:
        value.name = short(value.name)
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:], model.functions[:]
    return model


out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
for path in map(pathlib.Path, sys.argv[2:]):
    (out / path.name).write_bytes(shrink(onnx.load(path)).SerializeToString())
