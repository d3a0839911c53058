"""Where the pages of the products are, and what is to be seen on them."""

HEADRACE_WANTED = {"rows": "[role=row][data-run]", "charts": ".uplot canvas"}
MLFLOW_WANTED = {
    "rows": ".ag-center-cols-container .ag-row .ag-cell",
    "charts": ".js-plotly-plot .trace, .js-plotly-plot .bars path",
}


def find_page(key: str, mode: str, experiment: str) -> tuple[str, dict[str, str]]:
    """Return the address of the runs of an experiment and what is waited for there: `rows`, or `charts`.

    headrace shows both on one page; MLflow on two.
    """
    if key == "headrace":
        return f"/experiments/{experiment}/runs?mode=split", HEADRACE_WANTED
    mode_of = "TABLE" if mode == "rows" else "CHART"
    return f"/#/experiments/{experiment}/runs?compareRunsMode={mode_of}", {mode: MLFLOW_WANTED[mode]}
