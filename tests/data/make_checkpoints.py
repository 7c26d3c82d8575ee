#!/usr/bin/env python3
"""Writes the small checkpoints and arrays of tests/data/formats/, and the fuzz targets' seeds made of them.

torch is not needed: stand-ins with its module and class names make Python's own pickler write what torch.save
writes. Made with Python 3.11.7 and numpy 2.4.6:  python3 tests/data/make_checkpoints.py
"""

import collections
import io
import json
import pathlib
import pickle
import struct
import sys
import types
import zipfile

import numpy as np

OUT = pathlib.Path(__file__).parent / "formats"
SEEDS = pathlib.Path(__file__).parents[2] / "fuzz" / "seeds"
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def module(name):
    made = sys.modules[name] = types.ModuleType(name)
    return made


torch = module("torch")
torch_utils = module("torch._utils")
history = module("mmengine.logging.history_buffer")
for parent in ("mmengine", "mmengine.logging"):
    module(parent)


def put(owner, value, name):
    value.__module__, value.__qualname__, value.__name__ = owner.__name__, name, name
    setattr(owner, name, value)
    return value


def storage_type(name):
    return put(torch, type(name, (), {}), name)


FLOAT, HALF, LONG, BFLOAT16 = map(storage_type, ("FloatStorage", "HalfStorage", "LongStorage", "BFloat16Storage"))
REBUILD = put(torch_utils, lambda *arguments: None, "_rebuild_tensor_v2")
REBUILD_PARAMETER = put(torch_utils, lambda *arguments: None, "_rebuild_parameter")
HISTORY_BUFFER = put(history, type("HistoryBuffer", (), {}), "HistoryBuffer")


class Storage:
    def __init__(self, kind, array):
        self.kind, self.array, self.key = kind, array, None


class Tensor:
    def __init__(self, storage, offset, size, stride):
        self.arguments = (storage, offset, size, stride, False, collections.OrderedDict())

    def __reduce_ex__(self, protocol):
        return REBUILD, self.arguments


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce_ex__(self, protocol):
        return REBUILD_PARAMETER, (self.tensor, True, collections.OrderedDict())


def dense(kind, array):
    strides = tuple(step // array.itemsize for step in array.strides)
    return Tensor(Storage(kind, array), 0, array.shape, strides)


class Pickler(pickle.Pickler):
    """Numbers the storages in the order in which they are met, as torch.save does."""

    def __init__(self, file, protocol, view_field=()):
        super().__init__(file, protocol)
        self.storages, self.view_field = [], view_field

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        if value.key is None:
            value.key = str(len(self.storages))
            self.storages.append(value)
        return ("storage", value.kind, value.key, "cuda:0", value.array.size, *self.view_field)


def weights():
    shared = Storage(FLOAT, np.arange(24, dtype=np.float32) * 0.5)
    state = collections.OrderedDict()
    state["backbone.dense"] = Tensor(shared, 0, (2, 3), (3, 1))
    state["backbone.offset"] = Tensor(shared, 6, (4,), (1,))
    state["backbone.transposed"] = Tensor(shared, 12, (3, 4), (1, 3))
    state["backbone.half"] = dense(HALF, np.array([1.0, -2.5, 65504.0], np.float16))
    state["backbone.bfloat16"] = dense(BFLOAT16, np.array([0x3F80, 0xC020], np.uint16))
    state["head.parameter"] = Parameter(dense(FLOAT, np.array([[7.0]], np.float32)))
    state["head.num_batches_tracked"] = dense(LONG, np.array(123456789012, np.int64).reshape(()))
    state["head.empty"] = Tensor(Storage(FLOAT, np.zeros(0, np.float32)), 0, (0, 5), (5, 1))
    state._metadata = collections.OrderedDict([("", {"version": 1})])  # an attribute: makes the pickler emit BUILD
    return state


def training_checkpoint():
    buffer = HISTORY_BUFFER()
    buffer._log_history, buffer._count, buffer.max_length = np.array([0.5, 0.25]), np.ones(2), 1000000
    return {
        "meta": {
            "epoch": 3,
            "cfg": "model = dict(type='EncoderDecoder')\n",
            "dataset_meta": {"classes": ("road", "sky"), "palette": [[128, 64, 128], [70, 130, 180]]},
            "seed": np.int64(7),
        },
        "state_dict": weights(),
        "message_hub": {"log_scalars": collections.OrderedDict(loss=buffer), "lr": np.float64(0.1)},
        "optimizer": {"state": {0: {"exp_avg": dense(FLOAT, np.ones(4, np.float32))}}, "param_groups": [{"lr": 6e-5}]},
    }


def zip_checkpoint(root, protocol, compression):
    stream = io.BytesIO()
    pickler = Pickler(stream, protocol)
    pickler.dump(root)
    entries = {"data.pkl": stream.getvalue(), "byteorder": b"little", "version": b"3\n"}
    for storage in pickler.storages:
        entries[f"data/{storage.key}"] = storage.array.tobytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as file:
        for name, content in entries.items():
            info = zipfile.ZipInfo(f"archive/{name}", FIXED_TIME)
            info.compress_type = compression
            file.writestr(info, content)
    return archive.getvalue()


def legacy_checkpoint(root):
    stream = io.BytesIO()
    pickle.dump(0x1950A86A20F9469CFC6C, stream, 2)
    pickle.dump(1001, stream, 2)
    pickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, stream, 2)
    pickler = Pickler(stream, 2, view_field=(None,))
    pickler.dump(root)
    storages = sorted(pickler.storages, key=lambda storage: storage.key)
    pickle.dump([storage.key for storage in storages], stream, 2)
    for storage in storages:
        stream.write(struct.pack("<q", storage.array.size) + storage.array.tobytes())
    return stream.getvalue()


def plain_value():
    """No torch in it: every kind of plain value, and one list shared twice."""
    shared = [1, 2]
    return {
        "none": None, "true": True, "false": False, "int": -5, "byte": 200, "short": 60000, "long": -(1 << 40),
        "big": 1 << 80, "float": 0.1, "text": "caf\u00e9 'quoted' \\ \n \U0001f600", "list": [shared, shared],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)], "nested": {"a": {"b": {}}}, "long_text": "x" * 300,
    }


def npz_bytes(compressed, **arrays):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():  # as np.savez does, but with a fixed time
            info = zipfile.ZipInfo(f"{name}.npy", FIXED_TIME)
            info.compress_type = file.compression
            with file.open(info, "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, version=(1, 0))
    return stream.getvalue()


def npy_bytes(array, version):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def safetensors_bytes():
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
        "b": {"dtype": "F16", "shape": [3], "data_offsets": [8, 14]},
        "c": {"dtype": "I64", "shape": [], "data_offsets": [16, 24]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(range(24))


def write_seeds(files):
    """Small ones of every kind; torch's own include the bare pickle of each archive."""
    seeds = {"safetensors": {"three": safetensors_bytes()}, "npy": {}, "zip": {}, "torch": {}}
    for name, content in files.items():
        if name.endswith((".npy", ".npz")):
            seeds["npy"][name] = content
        if name.endswith((".zip.pth", ".deflated.pth", ".npz")):
            seeds["zip"][name] = content
        if name.endswith((".pth", ".pkl")):
            seeds["torch"][name] = content
        if name.endswith((".zip.pth", ".deflated.pth")):
            seeds["torch"][f"{name}.pkl"] = zipfile.ZipFile(io.BytesIO(content)).read("archive/data.pkl")
    for target, contents in seeds.items():
        (SEEDS / target).mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (SEEDS / target / name).write_bytes(content)


def main():
    OUT.mkdir(exist_ok=True)
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    arrays = {"grid": grid, "fortran": np.asfortranarray(grid), "labels": np.zeros((64, 64), np.uint8),
              "flag": np.array(True), "wide": np.array([-1, 1 << 40], np.int64)}
    files = {
        "mmseg1.zip.pth": zip_checkpoint(training_checkpoint(), 2, zipfile.ZIP_STORED),
        "mmseg1.deflated.pth": zip_checkpoint(training_checkpoint(), 4, zipfile.ZIP_DEFLATED),
        "mmseg1.legacy.pth": legacy_checkpoint(training_checkpoint()),
        "state_dict.zip.pth": zip_checkpoint(weights(), 5, zipfile.ZIP_STORED),
        "stored.npz": npz_bytes(False, **arrays),
        "deflated.npz": npz_bytes(True, **arrays),
        "v2.npy": npy_bytes(grid, (2, 0)),
        "v3.npy": npy_bytes(np.asfortranarray(grid), (3, 0)),
    }
    for protocol in range(6):
        files[f"plain.p{protocol}.pkl"] = pickle.dumps(plain_value(), protocol)
    for name, content in files.items():
        (OUT / name).write_bytes(content)
    write_seeds(files)


if __name__ == "__main__":
    main()
