"""``headrace jobs``: list, show, cancel; and what other commands show of the jobs that they start."""

from itertools import islice

import click

from headrace.api.jobs import Job, JobState
from headrace.cli.output import (
    json_option,
    print_fields,
    print_json,
    print_json_lines,
    print_table,
    show_time,
)
from headrace.cli.target import tracking_uri_option
from headrace.client import Client, connect
from headrace.client.jobs import OPEN

_MAX_PAGE = 1000


@click.group()
def jobs() -> None:
    """List, show, cancel jobs: moves and other changes of many runs."""


@jobs.command("list")
@click.option("--open", "only_open", is_flag=True, help="Show only jobs that have not ended.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many."
)
@tracking_uri_option
@json_option
def list_jobs(only_open: bool, limit: int, tracking_uri: str | None, as_json: bool) -> None:
    """List jobs, the newest first."""
    with connect(tracking_uri) as client:
        states = sorted(OPEN) if only_open else []
        found = list(islice(client.jobs.list(states, min(limit, _MAX_PAGE)), limit))
    if as_json:
        print_json_lines(found)
        return
    print_table(
        ["Job id", "Kind", "State", ">Done", ">Failed"],
        (
            [job.job_id, job.kind, show_state(job), f"{job.done}/{job.total}", str(job.failed)]
            for job in found
        ),
        whole=["Job id", "Kind", "State"],
        empty="No jobs found.",
    )


@jobs.command("show")
@click.argument("job_id")
@tracking_uri_option
@json_option
def show_job(job_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Show how far a job is, and what failed."""
    with connect(tracking_uri) as client:
        job = client.jobs.get(job_id)
    print_job(job, as_json=as_json)


@jobs.command("cancel")
@click.argument("job_id")
@tracking_uri_option
@json_option
def cancel_job(job_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Stop a job; what it has done stays."""
    with connect(tracking_uri) as client:
        job = client.jobs.cancel(job_id)
    print_job(job, as_json=as_json)


def follow_job(client: Client, job: Job, *, wait: bool, as_json: bool) -> None:
    """Print a job that was just made, after its end if that is wanted; end with status 1 if some of it failed.

    Args:
        client: where the job is.
        job: the job.
        wait: whether to wait for its end.
        as_json: print JSON.
    """
    if wait:
        job = client.jobs.wait(job.job_id)
    print_job(job, as_json=as_json)
    if job.failed or job.state is JobState.FAILED:
        raise SystemExit(1)


def print_job(job: Job, *, as_json: bool) -> None:
    """Print a job with what failed of it."""
    if as_json:
        print_json(job)
        return
    fields = [
        ("job", job.job_id),
        ("kind", job.kind),
        ("state", show_state(job)),
        ("done", f"{job.done} of {job.total}"),
        ("failed", str(job.failed)),
        ("begun", show_time(job.created_at)),
        ("changed", show_time(job.updated_at)),
        ("by", job.actor),
        ("asked for", job.details),
    ]
    if job.reason:
        fields.append(("reason", str(job.reason)))
    print_fields(fields)
    if job.failures:
        click.echo("\nfailures")
        print_fields([(failure.id, failure.reason) for failure in job.failures], indent=2)
        if job.failed > len(job.failures):
            click.echo(f"  and {job.failed - len(job.failures)} more")


def show_state(job: Job) -> str:
    """Return the state of a job in lower case."""
    return job.state.value.lower()
