"""The scoring of a survey after drives joined or left it; submitted by the scheduler."""

from typing import ClassVar, Final

from roadscan.serve.jobs.kind import JobKind, Workflow, Workplace
from roadscan.serve.jobs.steps import Facts, publish_progress
from roadscan.serve.queue.job import JobRequest, QueueName, SurveyName
from roadscan.serve.town import Town


class ScoreRequest(JobRequest):
    """A survey to be scored with the drives that it has by now."""

    kind: ClassVar[str] = "score"
    queue: ClassVar[QueueName] = QueueName.SURVEYS
    survey: SurveyName
    change: int
    """Of the survey, as `Scorings` counts them: one change makes one job."""


def workflow(place: Workplace) -> Workflow[ScoreRequest]:
    """Return the workflow of a worker."""

    def score(request: ScoreRequest) -> str:
        publish_progress("assessing", 0, 1)
        return place.steps.finish("score_survey", lambda: score_change(place.town, request))

    return score


def score_change(town: Town, request: ScoreRequest) -> Facts:
    """Score a survey, unless another scoring has already included the change."""
    if town.scorings.status(request.survey).done >= request.change:
        return {}
    return score_survey(town, request.survey)


def score_survey(town: Town, survey: str) -> Facts:
    """Score a survey with all its drives and renew its layers."""
    from roadscan.pipeline.score_survey import update_scores  # noqa: PLC0415 -- workers only

    update_scores(town.store, town.scorings, town.layers, survey)
    totals = town.store.totals(survey)
    return {
        "segments_assessed": totals.scored,
        "segments_not_assessed": totals.segments - totals.scored,
        "damages": totals.damages,
    }


KIND: Final = JobKind(ScoreRequest, workflow)
