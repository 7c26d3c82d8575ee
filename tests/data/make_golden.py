"""Takes the smallest reference of models/street-b0 out of the shared references, for those who do not have them.

    python tests/data/make_golden.py ../shared/refs/b0.refs.npz

The references were computed by Hugging Face transformers 5.17 in float64 from (image / 255 - mean) / std.
Written with numpy 2; .npy files of version 1.0.
"""

import pathlib
import sys

import numpy as np

with np.load(sys.argv[1]) as references:
    for part in ("image", "logits", "labels"):
        folder = pathlib.Path(__file__).parent / "golden"
        np.save(folder / f"scene_7005.{part}.npy", references[f"scene_7005.{part}"])
