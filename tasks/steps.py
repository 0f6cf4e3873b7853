"""The pipeline's steps, each carried out as a Prefect task."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task

from syncline import pipeline
from syncline.pipeline import Steps
from tasks.diff import diff
from tasks.extract import extract
from tasks.load import load
from tasks.publish import publish
from tasks.transform import transform

Given = ParamSpec("Given")
Found = TypeVar("Found")


def steps() -> Steps:
    """The steps as the pipeline has them, shown and tried again by Prefect."""
    return Steps(
        extract=_within(extract, pipeline.extract),
        diff=_within(diff, pipeline.diff),
        transform=_within(transform, pipeline.transform),
        load=_within(load, pipeline.load),
        publish=_within(publish, pipeline.publish),
    )


def _within(task: Task[..., Any], step: Callable[Given, Found]) -> Callable[Given, Found]:
    """The step, carried out by the task. Prefect looks through what a task is given; here it is one closed thing."""

    def carried_out(*given: Given.args, **named: Given.kwargs) -> Found:
        return cast("Found", task(partial(step, *given, **named)))

    return carried_out
