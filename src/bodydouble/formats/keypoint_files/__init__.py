"""2D keypoints of COCO, AlphaPose, MMPose and OpenPose: ``Performance`` -> ``KeypointRows`` <-> JSON files.

Read ``rows.py`` first, then ``read.py`` (layouts of files), ``parse.py`` (values) and ``write.py``. The formats are
described in docs/keypoints.md. Their keypoints are pixel indices, so that the centre of the first pixel is (0, 0);
inside bodydouble it is (0.5, 0.5). Writing subtracts half a pixel from keypoints, reading adds it. Boxes are measured
from the corner of the image in both.

Sources: https://cocodataset.org/#format-results and, on the half pixel, detectron2's ``convert_to_coco_json``;
https://github.com/MVIG-SJTU/AlphaPose, ``write_json``; https://github.com/open-mmlab/mmpose, ``split_instances``;
https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md.
"""

from bodydouble.formats.keypoint_files.read import read_keypoints
from bodydouble.formats.keypoint_files.rows import KeypointRows
from bodydouble.formats.keypoint_files.write import KeypointFormat, collect_keypoints, write_keypoints

__all__ = ["KeypointFormat", "KeypointRows", "collect_keypoints", "read_keypoints", "write_keypoints"]
