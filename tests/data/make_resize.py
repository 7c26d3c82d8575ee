"""Writes resize/: random images NAME.ppm and what the real libraries make of them, NAME.DIALECT.HxW.ppm.

Made with Pillow 13.0.0 (Image.resize, BILINEAR), opencv-python 5.0.0 (cv2.resize, INTER_LINEAR; 4.14.0 gives the
same) and numpy 2.4.6.
"""
import pathlib

import cv2
import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parent / "resize"
# Source height and width, then the sizes wanted: up, down, odd, halved, one side kept, a single row or column.
CASES = [
    ((23, 31), [(23, 31), (46, 62), (37, 50), (11, 15), (9, 64), (40, 7), (23, 40), (30, 31), (1, 1)]),
    ((48, 64), [(24, 32), (16, 16), (12, 32), (24, 64), (47, 65), (7, 61)]),
    ((64, 40), [(32, 20), (9, 37), (33, 33)]),
    ((1, 1), [(5, 7)]),
    ((1, 50), [(3, 20), (4, 77)]),
    ((50, 1), [(20, 4), (77, 3)]),
]


def main():
    OUT.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for (height, width), sizes in CASES:
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        extremes = rng.random((height, width, 1)) < 0.5  # half of the pixels at 0 or 255, where sums saturate
        image = np.where(extremes, image // 128 * 255, image).astype(np.uint8)
        name = f"{height}x{width}"
        Image.fromarray(image).save(OUT / f"{name}.ppm")
        for h, w in sizes:
            pillow = Image.fromarray(image).resize((w, h), Image.Resampling.BILINEAR)
            pillow.save(OUT / f"{name}.pillow.{h}x{w}.ppm")
            opencv = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, 3)
            Image.fromarray(opencv).save(OUT / f"{name}.opencv.{h}x{w}.ppm")


main()
