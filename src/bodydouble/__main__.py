"""``python -m bodydouble``."""

from bodydouble.cli import main

main()
