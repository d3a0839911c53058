"""A run that was deleted on its own stays in the trash when its experiment comes back, even if the clock stood still."""

from pathlib import Path

from msgspec.structs import replace

from headrace.api import experiments, runs
from headrace.services import dispatch
from headrace.services.context import Actor
from headrace.services.platform import PlatformSettings, open_platform


def test_a_run_deleted_in_the_same_millisecond_as_its_experiment_stays_deleted(tmp_path: Path) -> None:
    opened = open_platform(
        PlatformSettings(f"sqlite:///{tmp_path / 'store.db'}", str(tmp_path / "artifacts"))
    )
    platform, actor = replace(opened, clock=lambda: 5), Actor()
    try:
        ids = [
            dispatch.call(platform, actor, runs.CREATE, runs.CreateRun(experiment_id="0")).run.info.run_id
            for _ in range(2)
        ]
        dispatch.call(platform, actor, runs.DELETE, runs.RunById(run_id=ids[0]))
        dispatch.call(platform, actor, experiments.DELETE, experiments.GetExperiment(experiment_id="0"))
        dispatch.call(platform, actor, experiments.RESTORE, experiments.GetExperiment(experiment_id="0"))
        stages = [
            dispatch.call(platform, actor, runs.GET, runs.GetRun(run_id=each)).run.info.lifecycle_stage
            for each in ids
        ]
    finally:
        opened.store.close()
    assert stages == ["deleted", "active"]
