"""Corrections of a capture by hand, without the video.

In: ``Performance`` and corrections (``data/corrections.py``). Out: the corrected ``Performance``. Read ``apply.py``
first.
"""
