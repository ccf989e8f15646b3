"""Blind A/B user study: a local web page on which people score videos of several methods.

In: folders of videos, one folder per method. Out: a CSV file with one row per scored take (``results.COLUMNS``).
Start reading at ``server.py``; ``trials.py`` pairs the takes, ``results.py`` writes the scores.
"""
