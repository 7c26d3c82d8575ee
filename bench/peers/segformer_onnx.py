"""Writes SegFormer as ONNX from weights in the Hugging Face layout, in the form that PyTorch exports it.

One image of a fixed size: with every shape known, the peers can plan as well as they are able to.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from checkpoint import HEADS, PATCHES, SR_RATIOS, STRIDES

OPSET = 17
LAYER_NORM_EPS = 1e-5


class Builder:
    """Adds nodes to a graph; every method returns the name of the value that it made."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.initializers = {}

    def node(self, op, *inputs, **attributes):
        output = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, name, array):
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def weight(self, name):
        return self.constant(name, self.weights[name])

    def scalar(self, value):
        return self.constant(f"scalar_{value}", np.array(value, np.float32))

    def reshape(self, x, *shape):
        name = "shape_" + "_".join(map(str, shape))
        return self.node("Reshape", x, self.constant(name, np.array(shape, np.int64)))

    def transpose(self, x, *order):
        return self.node("Transpose", x, perm=order)

    def conv(self, x, key, stride, pad, group=1):
        kernel = list(self.weights[key + ".weight"].shape[2:])
        inputs = [x, self.weight(key + ".weight")]
        if key + ".bias" in self.weights:
            inputs.append(self.weight(key + ".bias"))
        return self.node("Conv", *inputs, kernel_shape=kernel, strides=[stride] * 2, pads=[pad] * 4, group=group)

    def linear(self, x, key):
        matrix = self.constant(key + ".weight.t", self.weights[key + ".weight"].T)
        return self.node("Add", self.node("MatMul", x, matrix), self.weight(key + ".bias"))

    def layer_norm(self, x, key):
        return self.node("LayerNormalization", x, self.weight(key + ".weight"), self.weight(key + ".bias"),
                         epsilon=LAYER_NORM_EPS)

    def gelu(self, x):
        erf = self.node("Erf", self.node("Div", x, self.scalar(2 ** 0.5)))
        return self.node("Mul", self.node("Mul", x, self.node("Add", erf, self.scalar(1.0))), self.scalar(0.5))

    def tokens(self, x, channels):
        return self.transpose(self.reshape(x, 1, channels, -1), 0, 2, 1)

    def image(self, x, channels, size):
        return self.reshape(self.transpose(x, 0, 2, 1), 1, channels, *size)


def build(weights, height, width):
    """The model for one image [1, 3, height, width] -> logits [1, classes, ceil(height/4), ceil(width/4)]."""
    b = Builder(weights)
    x, size, maps = "pixel_values", (height, width), []
    for s in range(4):
        x, size = _stage(b, x, size, s)
        maps.append((x, size))
    logits = _head(b, maps)
    classes = weights["decode_head.classifier.weight"].shape[0]
    b.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    graph = helper.make_graph(
        b.nodes, "segformer",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes, *maps[0][1]])],
        list(b.initializers.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def _stage(b, x, size, s):
    patches = f"segformer.encoder.patch_embeddings.{s}"
    width = b.weights[patches + ".proj.weight"].shape[0]
    x = b.conv(x, patches + ".proj", STRIDES[s], PATCHES[s] // 2)
    size = tuple(-(-side // STRIDES[s]) for side in size)
    x = b.layer_norm(b.tokens(x, width), patches + ".layer_norm")
    index = 0
    while f"segformer.encoder.block.{s}.{index}.layer_norm_1.weight" in b.weights:
        block = f"segformer.encoder.block.{s}.{index}"
        x = b.node("Add", _attention(b, b.layer_norm(x, block + ".layer_norm_1"), size, s, block), x)
        x = b.node("Add", _ffn(b, b.layer_norm(x, block + ".layer_norm_2"), size, block), x)
        index += 1
    x = b.layer_norm(x, f"segformer.encoder.layer_norm.{s}")
    return b.image(x, width, size), size


def _attention(b, x, size, s, block):
    key = block + ".attention"
    width = b.weights[key + ".self.query.weight"].shape[0]
    heads = HEADS[s]
    head_width = width // heads
    context = x
    if SR_RATIOS[s] > 1:
        reduced = b.conv(b.image(x, width, size), key + ".self.sr", SR_RATIOS[s], 0)
        context = b.layer_norm(b.tokens(reduced, width), key + ".self.layer_norm")

    def split(value, *order):
        return b.transpose(b.reshape(value, 1, -1, heads, head_width), *order)

    q = split(b.linear(x, key + ".self.query"), 0, 2, 1, 3)
    k = split(b.linear(context, key + ".self.key"), 0, 2, 3, 1)
    v = split(b.linear(context, key + ".self.value"), 0, 2, 1, 3)
    scores = b.node("Div", b.node("MatMul", q, k), b.scalar(head_width ** 0.5))
    mixed = b.node("MatMul", b.node("Softmax", scores, axis=-1), v)
    return b.linear(b.reshape(b.transpose(mixed, 0, 2, 1, 3), 1, -1, width), key + ".output.dense")


def _ffn(b, x, size, block):
    hidden = b.weights[block + ".mlp.dense1.weight"].shape[0]
    x = b.image(b.linear(x, block + ".mlp.dense1"), hidden, size)
    x = b.tokens(b.conv(x, block + ".mlp.dwconv.dwconv", 1, 1, group=hidden), hidden)
    return b.linear(b.gelu(x), block + ".mlp.dense2")


def _head(b, maps):
    resized = []
    for s, (x, size) in enumerate(maps):
        key = f"decode_head.linear_c.{s}.proj"
        width = b.weights[key + ".weight"].shape[0]
        channels = b.weights[key + ".weight"].shape[1]
        x = b.image(b.linear(b.tokens(x, channels), key), width, size)
        sizes = b.constant("resize_sizes", np.array([1, width, *maps[0][1]], np.int64))
        resized.append(b.node("Resize", x, "", "", sizes, mode="linear",
                              coordinate_transformation_mode="half_pixel"))
    x = b.node("Concat", *reversed(resized), axis=1)
    _fold_batch_norm(b.weights)
    x = b.node("Relu", b.conv(x, "decode_head.fused", 1, 0))
    return b.conv(x, "decode_head.classifier", 1, 0)


def _fold_batch_norm(weights):
    """PyTorch's exporter folds the BatchNorm into the convolution before it."""
    norm = "decode_head.batch_norm."
    scale = weights[norm + "weight"] / np.sqrt(weights[norm + "running_var"] + 1e-5)
    weights["decode_head.fused.weight"] = weights["decode_head.linear_fuse.weight"] * scale[:, None, None, None]
    weights["decode_head.fused.bias"] = weights[norm + "bias"] - weights[norm + "running_mean"] * scale
