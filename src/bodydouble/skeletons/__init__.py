"""Tables of joints, landmarks and bones. No code beyond look-ups."""
