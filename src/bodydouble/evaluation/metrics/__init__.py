"""Measures of pose, motion, world, contacts, people and pictures. Pure functions of arrays; see docs/metrics.md.

NaN in an array means "not observed" and is left out of means. A name says its unit. T frames, J joints.
"""
