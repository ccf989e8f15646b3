"""Joint names of common rigs, one table per rig."""
