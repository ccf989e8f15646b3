"""Observes the hands of people: regions of interest from the body, 21 landmarks of each hand.

Read ``hand_observer.py`` first.
"""
