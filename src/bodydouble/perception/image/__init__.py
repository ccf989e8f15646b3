"""Image processing in front of the networks: frames in, network inputs and measures of image quality out.

``roi``: ``RgbImage`` -> reduced, letterboxed or rotated square crops. ``quality``: ``RgbImage`` -> ``ImageQuality``
(noise, light, blur). ``enhance``: ``RgbImage`` -> a denoised and brightened ``RgbImage`` of the same size, and warnings
for the user. Read ``roi.py`` first.
"""
