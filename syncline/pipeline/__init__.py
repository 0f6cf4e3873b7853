"""The steps and their order: extract, diff, transform, load, publish."""

from syncline.pipeline.diff import diff
from syncline.pipeline.extract import extract
from syncline.pipeline.load import load
from syncline.pipeline.plan import Plan
from syncline.pipeline.preview import Preview, preview
from syncline.pipeline.publish import Published, publish
from syncline.pipeline.sample import Sample
from syncline.pipeline.session import Listener, Session, opened
from syncline.pipeline.steps import Steps, patient_steps
from syncline.pipeline.sync import sync, sync_model, sync_models
from syncline.pipeline.transform import transform
from syncline.pipeline.update import update_before
from syncline.pipeline.work import Delta, Extraction, Loaded, Work

__all__ = [
    "Delta",
    "Extraction",
    "Listener",
    "Loaded",
    "Plan",
    "Preview",
    "Published",
    "Sample",
    "Session",
    "Steps",
    "Work",
    "diff",
    "extract",
    "load",
    "opened",
    "patient_steps",
    "preview",
    "publish",
    "sync",
    "sync_model",
    "sync_models",
    "transform",
    "update_before",
]
