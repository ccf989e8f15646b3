"""Authoring of motions: key poses and gaits of an adult -> ``Motion``s whose feet stay where they stand."""
