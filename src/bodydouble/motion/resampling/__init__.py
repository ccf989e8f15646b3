"""Resampling in time: motions and whole performances at other frame rates, and zero-phase smoothing.

In and out: ``Motion`` (``motion.py``), ``Performance`` (``performance.py``) or arrays over time (``smoothing.py``).
Read ``motion.py`` first.
"""
