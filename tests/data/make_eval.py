#!/usr/bin/env python3
"""Makes tests/data/eval/b0_camvid.json: the scores of an ONNX Runtime pipeline that shares nothing with Segforge.

    python tests/data/make_eval.py SHARED     (needs numpy, Pillow, onnxruntime)

SHARED/models/b0.hf.op12.onnx over the 59 images of SHARED/camvid/test: Pillow's bilinear resize to the network's size
(none for "native"), (x / 255 - mean) / std, logits upsampled to the image (bilinear, half-pixel centres), argmax,
confusion with label 11 (void) left out.
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

CLASSES = 11
VOID = 11


def taps(source, target):
    """Left sample, right sample and the right one's weight, for each position of the target."""
    at = np.maximum((np.arange(target) + 0.5) * (source / target) - 0.5, 0)
    left = np.minimum(at.astype(np.int64), source - 1)
    return left, np.minimum(left + 1, source - 1), (at - left).astype(np.float32)


def upsample(logits, height, width):
    """[C, h, w] -> [C, height, width]"""
    top, bottom, weight = taps(logits.shape[1], height)
    logits = logits[:, top] * (1 - weight[:, None]) + logits[:, bottom] * weight[:, None]
    left, right, weight = taps(logits.shape[2], width)
    return logits[:, :, left] * (1 - weight) + logits[:, :, right] * weight


def predict(session, config, image, size):
    resized = image if size is None else image.resize((size["width"], size["height"]), Image.BILINEAR)
    pixels = np.asarray(resized, np.float32) * np.float32(config["rescale_factor"])
    pixels = (pixels - np.float32(config["image_mean"])) / np.float32(config["image_std"])
    name = session.get_inputs()[0].name
    logits = session.run(None, {name: pixels.transpose(2, 0, 1)[None]})[0][0]
    return upsample(logits, image.height, image.width).argmax(0)


def scores(confusion):
    hits = np.diag(confusion)
    truth = confusion.sum(1)
    either = truth + confusion.sum(0) - hits
    iou = hits[either > 0] / either[either > 0]
    return {"mean_iou": float(iou.mean()), "pixel_accuracy": float(hits.sum() / confusion.sum()),
            "mean_accuracy": float((hits[truth > 0] / truth[truth > 0]).mean()), "confusion": confusion.tolist()}


def main():
    shared = pathlib.Path(sys.argv[1])
    config = json.loads((shared / "models/b0-hf/preprocessor_config.json").read_text())
    session = onnxruntime.InferenceSession(str(shared / "models/b0.hf.op12.onnx"))
    images = sorted(p for p in (shared / "camvid/test").glob("*.png") if not p.name.endswith(".label.png"))
    results = {"images": len(images), "onnxruntime": onnxruntime.__version__}
    for key, size in (("native", None), ("from_config", config["size"])):
        confusion = np.zeros((CLASSES, CLASSES), np.int64)
        for path in images:
            labels = predict(session, config, Image.open(path).convert("RGB"), size)
            truth = np.asarray(Image.open(path.with_suffix(".label.png")))
            counted = truth != VOID
            np.add.at(confusion, (truth[counted], labels[counted]), 1)
        results[key] = scores(confusion)
        print(key, results[key]["mean_iou"])
    out = pathlib.Path(__file__).parent / "eval/b0_camvid.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
