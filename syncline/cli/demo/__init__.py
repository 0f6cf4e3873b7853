"""The main job, shown on real data."""

from syncline.cli.demo.show import demo

__all__ = ["demo"]
