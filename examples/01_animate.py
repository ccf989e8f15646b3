"""Make everything that the command line makes: characters, BVH, performance and film."""

from pathlib import Path

import bodydouble as bd

CLIP = Path(__file__).with_name("street.mp4")

delivery = bd.animate(CLIP, "out/01_animate")
for file in delivery.files:
    print(file)
