// Published class tables: the data sets' own label order and display colours.
#pragma once

#include <cstdint>

namespace segforge {

struct ClassColor {
  uint32_t rgb;  // 0xrrggbb
  const char* name;
};

// clang-format off
// The 19 classes that are evaluated, by trainId.
constexpr ClassColor kCityscapes[] = {
    {0x804080, "road"}, {0xf423e8, "sidewalk"}, {0x464646, "building"}, {0x66669c, "wall"},
    {0xbe9999, "fence"}, {0x999999, "pole"}, {0xfaaa1e, "traffic light"}, {0xdcdc00, "traffic sign"},
    {0x6b8e23, "vegetation"}, {0x98fb98, "terrain"}, {0x4682b4, "sky"}, {0xdc143c, "person"},
    {0xff0000, "rider"}, {0x00008e, "car"}, {0x000046, "truck"}, {0x003c64, "bus"}, {0x005064, "train"},
    {0x0000e6, "motorcycle"}, {0x770b20, "bicycle"},
};

// The 150 classes of the scene parsing benchmark, without its class 0, "other".
constexpr ClassColor kAde20k[] = {
    {0x787878, "wall"}, {0xb47878, "building"}, {0x06e6e6, "sky"}, {0x503232, "floor"}, {0x04c803, "tree"},
    {0x787850, "ceiling"}, {0x8c8c8c, "road"}, {0xcc05ff, "bed"}, {0xe6e6e6, "windowpane"},
    {0x04fa07, "grass"}, {0xe005ff, "cabinet"}, {0xebff07, "sidewalk"}, {0x96053d, "person"},
    {0x787846, "earth"}, {0x08ff33, "door"}, {0xff0652, "table"}, {0x8fff8c, "mountain"}, {0xccff04, "plant"},
    {0xff3307, "curtain"}, {0xcc4603, "chair"}, {0x0066c8, "car"}, {0x3de6fa, "water"},
    {0xff0633, "painting"}, {0x0b66ff, "sofa"}, {0xff0747, "shelf"}, {0xff09e0, "house"}, {0x0907e6, "sea"},
    {0xdcdcdc, "mirror"}, {0xff095c, "rug"}, {0x7009ff, "field"}, {0x08ffd6, "armchair"}, {0x07ffe0, "seat"},
    {0xffb806, "fence"}, {0x0aff47, "desk"}, {0xff290a, "rock"}, {0x07ffff, "wardrobe"}, {0xe0ff08, "lamp"},
    {0x6608ff, "bathtub"}, {0xff3d06, "railing"}, {0xffc207, "cushion"}, {0xff7a08, "base"},
    {0x00ff14, "box"}, {0xff0829, "column"}, {0xff0599, "signboard"}, {0x0633ff, "chest of drawers"},
    {0xeb0cff, "counter"}, {0xa09614, "sand"}, {0x00a3ff, "sink"}, {0x8c8c8c, "skyscraper"},
    {0xfa0a0f, "fireplace"}, {0x14ff00, "refrigerator"}, {0x1fff00, "grandstand"}, {0xff1f00, "path"},
    {0xffe000, "stairs"}, {0x99ff00, "runway"}, {0x0000ff, "case"}, {0xff4700, "pool table"},
    {0x00ebff, "pillow"}, {0x00adff, "screen door"}, {0x1f00ff, "stairway"}, {0x0bc8c8, "river"},
    {0xff5200, "bridge"}, {0x00fff5, "bookcase"}, {0x003dff, "blind"}, {0x00ff70, "coffee table"},
    {0x00ff85, "toilet"}, {0xff0000, "flower"}, {0xffa300, "book"}, {0xff6600, "hill"}, {0xc2ff00, "bench"},
    {0x008fff, "countertop"}, {0x33ff00, "stove"}, {0x0052ff, "palm"}, {0x00ff29, "kitchen island"},
    {0x00ffad, "computer"}, {0x0a00ff, "swivel chair"}, {0xadff00, "boat"}, {0x00ff99, "bar"},
    {0xff5c00, "arcade machine"}, {0xff00ff, "hovel"}, {0xff00f5, "bus"}, {0xff0066, "towel"},
    {0xffad00, "light"}, {0xff0014, "truck"}, {0xffb8b8, "tower"}, {0x001fff, "chandelier"},
    {0x00ff3d, "awning"}, {0x0047ff, "streetlight"}, {0xff00cc, "booth"}, {0x00ffc2, "television receiver"},
    {0x00ff52, "airplane"}, {0x000aff, "dirt track"}, {0x0070ff, "apparel"}, {0x3300ff, "pole"},
    {0x00c2ff, "land"}, {0x007aff, "bannister"}, {0x00ffa3, "escalator"}, {0xff9900, "ottoman"},
    {0x00ff0a, "bottle"}, {0xff7000, "buffet"}, {0x8fff00, "poster"}, {0x5200ff, "stage"}, {0xa3ff00, "van"},
    {0xffeb00, "ship"}, {0x08b8aa, "fountain"}, {0x8500ff, "conveyer belt"}, {0x00ff5c, "canopy"},
    {0xb800ff, "washer"}, {0xff001f, "plaything"}, {0x00b8ff, "swimming pool"}, {0x00d6ff, "stool"},
    {0xff0070, "barrel"}, {0x5cff00, "basket"}, {0x00e0ff, "waterfall"}, {0x70e0ff, "tent"},
    {0x46b8a0, "bag"}, {0xa300ff, "minibike"}, {0x9900ff, "cradle"}, {0x47ff00, "oven"}, {0xff00a3, "ball"},
    {0xffcc00, "food"}, {0xff008f, "step"}, {0x00ffeb, "tank"}, {0x85ff00, "trade name"},
    {0xff00eb, "microwave"}, {0xf500ff, "pot"}, {0xff007a, "animal"}, {0xfff500, "bicycle"},
    {0x0abed4, "lake"}, {0xd6ff00, "dishwasher"}, {0x00ccff, "screen"}, {0x1400ff, "blanket"},
    {0xffff00, "sculpture"}, {0x0099ff, "hood"}, {0x0029ff, "sconce"}, {0x00ffcc, "vase"},
    {0x2900ff, "traffic light"}, {0x29ff00, "tray"}, {0xad00ff, "ashcan"}, {0x00f5ff, "fan"},
    {0x4700ff, "pier"}, {0x7a00ff, "crt screen"}, {0x00ffb8, "plate"}, {0x005cff, "monitor"},
    {0xb8ff00, "bulletin board"}, {0x0085ff, "shower"}, {0xffd600, "radiator"}, {0x19c2c2, "glass"},
    {0x66ff00, "clock"}, {0x5c00ff, "flag"},
};

// CamVid's 11 classes as SegNet numbers them, in Cityscapes' colours.
constexpr ClassColor kCamvid[] = {
    {0x4682b4, "sky"}, {0x464646, "building"}, {0x999999, "pole"}, {0x804080, "road"}, {0xf423e8, "pavement"},
    {0x6b8e23, "tree"}, {0xdcdc00, "sign"}, {0xbe9999, "fence"}, {0x00008e, "car"}, {0xdc143c, "pedestrian"},
    {0x770b20, "bicyclist"},
};
// clang-format on

}  // namespace segforge
