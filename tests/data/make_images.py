"""Writes images/: small files in every variant that the decoders know, and NAME.ppm, the RGB expected of each.

Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0, libwebp 1.6.0) and numpy 2.4.6. Pillow writes neither interlaced
PNG nor grey of 2 and 4 bits, so PNG files are written here; Pillow reads them back for the expected values.
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).parent / "images"
HEIGHT, WIDTH = 21, 29
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
GRAY, RGB, INDEXED, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6


def scene(channels, top=255):
    """Smooth colours with some noise and no symmetry: a turn or flip shows."""
    rng = np.random.default_rng(channels)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    ramps = [x / WIDTH, y / HEIGHT, (x + 2 * y) % 23 / 23, (x * y % 17) / 17]
    planes = [ramps[c % 4] * 0.9 + rng.random((HEIGHT, WIDTH)) * 0.1 for c in range(channels)]
    return np.rint(np.stack(planes, -1) * top).astype(np.uint16)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_rows(samples, bits):
    rows = samples.reshape(samples.shape[0], -1)
    if bits == 16:
        return [row.astype(">u2").tobytes() for row in rows]
    if bits == 8:
        return [row.astype(np.uint8).tobytes() for row in rows]
    planes = (rows[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return [np.packbits(row.reshape(-1).astype(np.uint8)).tobytes() for row in planes]


def png(samples, bits, color, palette=None, trns=None, interlaced=False, exif=None):
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [samples]
    raw = b"".join(b"\0" + row for part in parts if part.size for row in packed_rows(part, bits))
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], bits, color, 0, 0, interlaced)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    if palette is not None:
        data += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if trns is not None:
        data += chunk(b"tRNS", trns)
    if exif is not None:
        data += chunk(b"eXIf", exif)
    return data + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def write(name, data, expected=None):
    (OUT / name).write_bytes(data)
    if expected is None:
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    expected.save(OUT / (name + ".ppm"))


def main():
    OUT.mkdir(exist_ok=True)
    rgb = Image.fromarray(scene(3).astype(np.uint8))
    gray = Image.fromarray(scene(1)[..., 0].astype(np.uint8))
    rgba = Image.fromarray(scene(4).astype(np.uint8))

    write("420.jpg", saved(rgb, "JPEG", quality=90, subsampling=2))
    write("444.jpg", saved(rgb, "JPEG", quality=90, subsampling=0))
    write("gray.jpg", saved(gray, "JPEG", quality=90))
    write("progressive.jpg", saved(rgb, "JPEG", quality=90, progressive=True))
    cmyk = saved(Image.fromarray(scene(4).astype(np.uint8), "CMYK"), "JPEG", quality=95)
    write("cmyk.jpg", cmyk)
    adobe = cmyk.index(b"Adobe")  # its last byte says how the colours are coded: 0 CMYK, 2 YCCK
    write("ycck.jpg", cmyk[: adobe + 11] + b"\2" + cmyk[adobe + 12 :])
    for orientation in range(1, 9):
        write(f"orientation{orientation}.jpg", saved(rgb, "JPEG", quality=90, exif=exif_of(orientation)))

    palette = np.random.default_rng(5).integers(0, 256, (256, 3))
    write("rgb8.png", png(scene(3), 8, RGB))
    write("rgba8.png", png(scene(4), 8, RGBA))
    write("gray_alpha8.png", png(scene(2), 8, GRAY_ALPHA))
    for bits in (1, 2, 4, 8):
        write(f"gray{bits}.png", png(scene(1, 2**bits - 1), bits, GRAY))
        write(f"indexed{bits}.png", png(scene(1, 2**bits - 1), bits, INDEXED, palette[: 2**bits]))
    write("indexed8_trns.png", png(scene(1), 8, INDEXED, palette, trns=bytes(range(0, 256, 2))))
    write("rgb8_trns.png", png(scene(3), 8, RGB, trns=bytes(6)))
    # Pillow clips 16-bit grey at 255 instead of scaling it; the high byte is what it takes for colour.
    deep = scene(1, 65535)
    high = Image.fromarray((deep[..., 0] >> 8).astype(np.uint8)).convert("RGB")
    write("gray16.png", png(deep, 16, GRAY), high)
    write("rgb16.png", png(scene(3, 65535), 16, RGB))
    write("rgba16.png", png(scene(4, 65535), 16, RGBA))
    write("gray1_interlaced.png", png(scene(1, 1), 1, GRAY, interlaced=True))
    write("indexed4_interlaced.png", png(scene(1, 15), 4, INDEXED, palette[:16], interlaced=True))
    write("rgb8_interlaced.png", png(scene(3), 8, RGB, interlaced=True))
    write("rgba16_interlaced.png", png(scene(4, 65535), 16, RGBA, interlaced=True))
    write("orientation6.png", png(scene(3), 8, RGB, exif=exif_of(6).removeprefix(b"Exif\0\0")))
    write("pixel.png", png(scene(3)[:1, :1], 8, RGB))

    write("lossy.webp", saved(rgb, "WEBP", quality=90))
    write("lossless.webp", saved(rgb, "WEBP", lossless=True))
    write("lossy_alpha.webp", saved(rgba, "WEBP", quality=90, exact=True))
    write("lossless_alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True))
    write("orientation8.webp", saved(rgb, "WEBP", lossless=True, exif=exif_of(8)))
    (OUT / "animated.webp").write_bytes(saved(rgb, "WEBP", save_all=True, append_images=[rgba.convert("RGB")]))


main()
