"""Write all files that the command line writes: characters, BVH, performance, preview and report."""

from pathlib import Path

import bodydouble as bd

CLIP = Path(__file__).with_name("street.mp4")

result = bd.animate(CLIP, "out/01_animate")
for file in result.files:
    print(file)
