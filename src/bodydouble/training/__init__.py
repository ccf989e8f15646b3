"""Makes the learned prior of motion.lift: data, network, training. Needs the extra ``train`` (PyTorch)."""
