"""Labels of mmseg's sliding windows, computed with NumPy over ONNX Runtime's logits, for tests/slide_golden_test.cc.

    python tests/data/make_slide.py ../shared

slide_inference and the bilinear resize (align_corners=False) are written out plainly in float32 and float64 here; the network
is models/b0.hf.op12.onnx in ONNX Runtime on the CPU. Written with numpy 2.4, onnxruntime 1.32 and Pillow. Each case stores
tests/data/slide/NAME.labels.npy, uint8 [H, W].
"""

import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)

# name, image, part of it (y, x, height, width), crop and stride (height, width)
CASES = [
    ("square", "scenes/scene_7101.png", (310, 250, 360, 480), (256, 256), (171, 171)),
    ("odd", "scenes/scene_7100.png", (100, 200, 401, 517), (192, 256), (128, 200)),
    ("small", "scenes/scene_7103.png", (500, 300, 150, 333), (256, 160), (100, 160)),
]


def resize(logits, height, width):
    """[C, h, w] -> [C, height, width], as torch's interpolate(mode="bilinear", align_corners=False)."""

    def taps(inputs, outputs):
        source = np.maximum((np.arange(outputs) + 0.5) * inputs / outputs - 0.5, 0)
        low = np.minimum(source.astype(int), inputs - 1)
        return low, np.minimum(low + 1, inputs - 1), source - low

    low, high, weight = taps(logits.shape[1], height)
    rows = logits[:, low] * (1 - weight)[:, None] + logits[:, high] * weight[:, None]
    low, high, weight = taps(logits.shape[2], width)
    return rows[:, :, low] * (1 - weight) + rows[:, :, high] * weight


def slide(session, pixels, crop, stride):
    """mmseg 1.x EncoderDecoder.slide_inference for one normalised image [3, H, W]."""
    _, height, width = pixels.shape
    (crop_height, crop_width), (stride_height, stride_width) = crop, stride
    rows = max(height - crop_height + stride_height - 1, 0) // stride_height + 1
    columns = max(width - crop_width + stride_width - 1, 0) // stride_width + 1
    total = None
    counts = np.zeros((height, width))
    for row in range(rows):
        for column in range(columns):
            y2 = min(row * stride_height + crop_height, height)
            x2 = min(column * stride_width + crop_width, width)
            y1, x1 = max(y2 - crop_height, 0), max(x2 - crop_width, 0)
            window = pixels[None, :, y1:y2, x1:x2]
            logits = session.run(None, {"pixel_values": np.ascontiguousarray(window)})[0][0]
            if total is None:
                total = np.zeros((logits.shape[0], height, width))
            total[:, y1:y2, x1:x2] += resize(logits.astype(np.float64), y2 - y1, x2 - x1)
            counts[y1:y2, x1:x2] += 1
    assert counts.min() > 0
    return (total / counts).argmax(0).astype(np.uint8)


def main():
    shared = pathlib.Path(sys.argv[1])
    folder = pathlib.Path(__file__).parent / "slide"
    folder.mkdir(exist_ok=True)
    session = onnxruntime.InferenceSession(shared / "models/b0.hf.op12.onnx", providers=["CPUExecutionProvider"])
    for name, file, (y, x, height, width), crop, stride in CASES:
        image = np.asarray(Image.open(shared / file).convert("RGB"))[y : y + height, x : x + width]
        pixels = ((image.astype(np.float32) / np.float32(255) - MEAN) / STD).transpose(2, 0, 1)
        np.save(folder / f"{name}.labels.npy", slide(session, pixels, crop, stride))


main()
