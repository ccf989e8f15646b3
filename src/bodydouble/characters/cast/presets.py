"""Six looks that come with the cast."""

from bodydouble.characters.cast.look import Look, create_look

WOMAN = create_look(
    {"name": "woman", "top": "sailor", "pattern": "plain", "second_color": "#2b3d70", "hair_color": "#6b453d"}
)
MAN_FACE = {
    "sex": 1.0, "shoulders": 0.95, "jaw": 1.10, "chin": 0.03, "nose": 1.25, "nose_bridge": 2.0, "lips": 0.0,
    "eye_width": 0.225, "eye_height": 0.21, "eye_opening": 0.66, "eye_tilt": 0.04, "eye_spacing": 0.170,
    "eye_level": 0.42, "eye_shape": 0.45, "lashes": 0.62, "brow_thickness": 1.5, "brow_tilt": 0.16, "brow_arch": 0.7,
    "brow_ridge": 0.4, "chin_width": 1.12, "smile": 0.6, "blush": 0.0,
}  # fmt: skip
MAN = create_look(
    {
        **MAN_FACE, "name": "man", "age": 22.0, "height": 1.74, "head_count": 6.9, "skin_color": "#ffe2cf",
        "jaw": 1.0, "chin": 0.045, "eye_width": 0.235, "eye_opening": 0.70,
        "eye_color": "#7d5533", "hair": "short", "fringe": "spiky", "hair_color": "#384266",
        "top": "hoodie", "top_color": "#ec8434", "second_color": "#c96a20", "sleeve": 0.97,
        "bottom": "trousers", "bottom_color": "#48689e", "leg": 1.0, "shoe_color": "#f2f2f5", "socks": 0.0,
    }
)  # fmt: skip
CHILD_FACE = {
    "chin": -0.01, "cheeks": 0.012, "jaw": 1.03, "nose": 0.75, "nose_bridge": 0.4, "eye_width": 0.30,
    "eye_height": 0.285, "eye_level": 0.375, "mouth_width": 0.105, "brow_thickness": 0.8, "lips": 0.1,
}  # fmt: skip
GIRL = create_look(
    {
        **CHILD_FACE, "name": "girl", "age": 8.0, "height": 1.30, "head_count": 5.4,
        "eye_color": "#33a68c", "hair": "twin-tails", "fringe": "pointed", "hair_color": "#f6cc86",
        "top": "dress", "top_color": "#f2a0b4", "second_color": "#fffaf6", "sleeve": 0.20, "bottom": "skirt",
        "bottom_color": "#f2a0b4", "leg": 0.5, "socks": 0.25, "sock_color": "#fffaf6", "shoe_color": "#cc4052",
    }
)  # fmt: skip
BOY = create_look(
    {
        **CHILD_FACE, "name": "boy", "sex": 1.0, "age": 9.0, "height": 1.34, "head_count": 5.5, "lashes": 0.6,
        "eye_width": 0.265, "eye_height": 0.25, "eye_opening": 0.88, "eye_color": "#5a7a34", "jaw": 1.06, "lips": 0.0,
        "skin_color": "#f6d3b4", "hair": "short", "fringe": "side", "hair_color": "#8a5c34",
        "brow_thickness": 1.3, "blush": 0.16,
        "top": "t-shirt", "top_color": "#f4efe2", "second_color": "#3c8c7a", "pattern": "stripes", "sleeve": 0.42,
        "bottom": "shorts", "bottom_color": "#4a5268", "leg": 0.42, "shoe_color": "#c44c44", "socks": 0.3,
        "sock_color": "#fafafa",
    }
)  # fmt: skip
OLD_WOMAN = create_look(
    {
        "name": "old-woman", "age": 68.0, "height": 1.56, "head_count": 6.3, "weight": 0.5, "jaw": 1.05,
        "cheeks": -0.006, "chin_width": 1.15, "eye_width": 0.225, "eye_height": 0.20, "eye_opening": 0.60,
        "eye_tilt": -0.03, "eye_shape": -0.35, "iris": 0.92, "eye_level": 0.405, "eye_color": "#6a7890",
        "lashes": 0.58, "wrinkles": 0.9, "lips": 0.35, "nose": 1.25, "nose_bridge": 1.3, "nose_width": 1.2,
        "brow_thickness": 0.9, "brow_tilt": -0.02, "blush": 0.2,
        "hair": "bun", "fringe": "parted", "hair_color": "#c9c7cc", "glasses": "round",
        "top": "shirt", "top_color": "#a08cb4", "second_color": "#e8e0ec", "sleeve": 0.93,
        "bottom": "skirt", "bottom_color": "#6a5f66", "leg": 0.75, "shoe_color": "#4a3c3c", "socks": 0.7,
        "sock_color": "#d8c4b4",
    }
)  # fmt: skip
OLD_MAN = create_look(
    {
        **MAN_FACE, "name": "old-man", "age": 68.0, "height": 1.68, "head_count": 6.6, "weight": 0.5, "chin": 0.02,
        "eye_width": 0.205, "eye_height": 0.185, "eye_opening": 0.50, "eye_tilt": 0.0, "eye_shape": 0.1, "iris": 0.88,
        "eye_color": "#6b6b75", "lashes": 0.45, "brow_thickness": 2.1, "brow_tilt": 0.20, "brow_arch": 0.9,
        "brow_ridge": 0.9, "wrinkles": 1.0, "nose": 1.5, "nose_width": 1.45, "nose_length": 0.012, "cheeks": -0.012,
        "jaw": 1.06, "chin_width": 1.3, "smile": 0.2, "shoulders": 0.93,
        "hair": "bald", "fringe": "none", "hair_color": "#dbdbe0", "beard": "full",
        "top": "shirt", "top_color": "#ccdbed", "second_color": "#a8b8d0", "sleeve": 0.93,
        "bottom": "trousers", "bottom_color": "#73665c", "leg": 1.0, "shoe_color": "#52382e", "socks": 0.0,
    }
)  # fmt: skip
PRESETS: dict[str, Look] = {look.name: look for look in (WOMAN, MAN, GIRL, BOY, OLD_WOMAN, OLD_MAN)}
