"""Makes the network of motion.lifter: data, network, training. Needs the extra ``train`` (PyTorch)."""
