"""Training of the lifter: motion capture files (and videos without labels) -> lifter.onnx.

The domain gap between synthetic and real keypoints is closed in three ways. The detector runs on rendered people
(`detections.py`), its errors are added to augmented motion capture (`augmentation.py`, `samples.py`), and windows of
real video contribute a self-supervised loss (`unlabelled_loss.py`). Read `lifter_pipeline.py` first. Needs the extra
``train`` (PyTorch, onnx).
"""
