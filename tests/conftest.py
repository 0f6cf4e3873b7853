"""What holds for every test: a developer's own Syncline is out of reach, and slowness alone is no failure."""

import os

from hypothesis import settings

for name in [name for name in os.environ if name.startswith("SYNCLINE_")]:
    del os.environ[name]

settings.register_profile("syncline", deadline=None, print_blob=True)
settings.load_profile("syncline")
