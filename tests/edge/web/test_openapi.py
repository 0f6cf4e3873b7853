"""The API keeps to its description, whatever it is asked: schemathesis over all of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from syncline.request import Request
from syncline.web.application import create
from syncline.web.starter import ThreadStarter
from tests.edge.web.workspace import key, workspace_in

EXAMPLES = 6
"""Of each operation, four times: fitting requests and others, about what is there and what is not."""
OPERATIONS = """
    list_connections read_connection read_connection_settings create_connection change_connection delete_connection
    check_connection start_run refresh_connection approve retry_entries list_entries list_owed read_row
    list_runs read_run list_run_models read_run_model list_changes list_run_entries list_run_files cancel_run retry_run
    list_files roll_back_files make_links list_pushed_models push_items delete_items
"""
Place = tuple[FastAPI, dict[str, str], dict[str, str]]


UNSAID = [positive_data_acceptance]
"""A description cannot say which names there are, or that `after` is one that a page before has told."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site with a run, a key that may do everything, and the names of what is there."""
    workspace = workspace_in(tmp_path_factory.mktemp("openapi"), "web: {hosts: [testserver]}\n")
    starter = ThreadStarter(workspace)
    run = starter.wait(starter.start("example", Request(), created_by="ann"))
    yield create(workspace, starter=starter), key(workspace), {"connection": "example", "model": "BOOKS", "run": run.id}
    for begun in workspace.store.runs(limit=500):
        starter.wait(begun)
    workspace.store.close()


@pytest.mark.timeout(180)  # a minute on a machine that is busy otherwise
def test_the_api_keeps_to_its_description(place: Place) -> None:
    app, headers, known = place
    description = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    wrong = [
        f"{operation.label} ({mode}): {problem}"
        for operation in (found.ok() for found in description.get_all_operations())
        for mode in GenerationMode
        for names in ({}, known)
        if (problem := _problem(operation, mode, headers, names))
    ]
    assert not wrong, "\n\n".join(wrong)


def _problem(operation: Any, mode: GenerationMode, headers: dict[str, str], known: dict[str, str]) -> str:
    """What schemathesis finds wrong with the answers of one operation to requests that fit, or that do not.

    `known` names what is there; else almost all would end in 404.
    """

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if known and (names := {name: known[name] for name in case.path_parameters or {} if name in known}):
            assume(case.meta.generation.mode is GenerationMode.POSITIVE or _is_wrong_behind_the_path(case))
            case.path_parameters = {**case.path_parameters, **names}
        case.call_and_validate(headers=headers, excluded_checks=UNSAID)

    try:
        ask()
    except Unsatisfiable:
        return ""
    except (FailureGroup, AssertionError) as failure:
        return "\n".join(map(str, getattr(failure, "exceptions", [failure])))
    return ""


def _is_wrong_behind_the_path(case: Any) -> bool:
    """Whether a request that does not fit still does not with names that are known, and a key that lets it in."""
    parts = {ParameterLocation.QUERY, ParameterLocation.BODY} & set(case.meta.components)
    return any(case.meta.components[part].mode is GenerationMode.NEGATIVE for part in parts)


def test_the_description_is_valid_and_every_answer_is_described(place: Place) -> None:
    told = place[0].openapi()
    validate(told)
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            answers = {status: answer for status, answer in operation["responses"].items() if status[0] == "2"}
            assert len(answers) == 1, (method, path)
            for status, answer in answers.items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                is_known = "$ref" in schema or path.endswith("/settings") or status == "204"
                assert is_known, (method, path, answer)


def test_lists_are_described_with_their_items(place: Place) -> None:
    told = place[0].openapi()["components"]["schemas"]
    pages = {name: shape for name, shape in told.items() if "next" in shape.get("properties", {})}
    assert {"Runs", "Changes", "Owed", "Journey", "Files", "Connections"} <= set(pages)
    assert all("$ref" in shape["properties"]["items"]["items"] for shape in pages.values())


def test_the_names_of_operations_stay(place: Place) -> None:
    """Clients are generated from them: one that is taken away or renamed breaks somebody's program."""
    told = place[0].openapi()
    names = {one["operationId"] for path in told["paths"].values() for one in path.values() if "operationId" in one}
    assert names >= set(OPERATIONS.split())
