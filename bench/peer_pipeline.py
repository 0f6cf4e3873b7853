"""What the peer runs, in its own environment: `python peer_pipeline.py first|incremental|full`."""

import os
import sys

import dlt
from dlt.sources.sql_database import sql_table


def main(task: str) -> None:
    """Load the table: all of it in place of what is there, or what changed, merged by its key."""
    source = os.environ["BENCH_SOURCE"]
    since = None if task == "full" else dlt.sources.incremental("updated_at")
    rows = sql_table(
        source.replace("://", "+psycopg2://"),
        table="items",
        backend="connectorx",
        backend_kwargs={"conn": source, "return_type": "arrow_stream"},
        chunk_size=50_000,
        incremental=since,
        reflection_level="full_with_precision",
    )
    rows.apply_hints(primary_key="id")
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=os.environ["BENCH_FOLDER"],
        destination=dlt.destinations.postgres(os.environ["BENCH_DESTINATION"]),
        dataset_name="copied",
    )
    way = {"disposition": "merge", "strategy": "upsert"} if task == "incremental" else "replace"
    pipeline.run(rows, write_disposition=way, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    main(sys.argv[1])
