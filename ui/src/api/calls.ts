/* Written by tools/ui_types.py from the table of endpoints. Do not edit. */
/* biome-ignore-all lint: generated */

/** What became of a batch: it was applied now, or is the last one that was applied (the answer is the one given then), or an earlier one. */
export type Application = "BEFORE" | "LONG_BEFORE" | "NOW";

/** Answer of artifacts/list. */
export interface ArtifactsPage {
  root_uri: string;
  files?: Array<FileInfo>;
  next_page_token?: string;
}

/** Which of the times that a run was launched the block belongs to, by the launcher's name for it, such as job id and restart count. */
export interface AttemptRecord {
  name: string;
  from_step?: number;
}

/** Answer of experiments/best. */
export interface BestAnswer {
  experiments: Array<ExperimentBest>;
}

/** The best value of an experiment's metric, and the run that has it. */
export interface BestValue {
  key: string;
  statistic: string;
  value: number;
  run_id: string;
  run_name: string;
  number: number;
}

/** What a client needs to know of a run that it has written to. There is none for a run that is not there. */
export interface BlockAnswer {
  run_id: string;
  attempt: number;
  experiment_id: string;
  artifact_uri?: string;
  stop?: StopNote;
}

/** Answer of the bulk history calls. */
export interface BulkHistory {
  metrics?: Array<MetricWithRunId>;
}

/** Columns of lines of single runs: one entry for each bucket that holds points of the line. */
export interface Cells {
  bucket?: Uint8Array;
  count?: Uint8Array;
  nans?: Uint8Array;
  mean?: Uint8Array;
  min?: Uint8Array;
  max?: Uint8Array;
}

/** One thing that a commit touched. */
export interface Change {
  clock: number;
  kind: ChangeKind;
  id?: string;
  experiment_id?: string;
}

/** What a change touched. METRICS means that points of a run have come. */
export type ChangeKind = "EXPERIMENT" | "JOB" | "METRICS" | "MODEL" | "RUN" | "VIEW";

/** Answer of changes/follow. */
export interface Changes {
  cursor: string;
  changes: Array<Change>;
  reset: boolean;
  more: boolean;
}

/** Answer of series.chart. */
export interface Chart {
  changed?: boolean;
  mode?: "buckets" | "points";
  grid?: "new" | "same";
  buckets?: number;
  start?: number;
  width?: number;
  x?: Uint8Array;
  series?: Array<ChartLine>;
  ends?: Uint8Array;
  cells?: Cells;
  groups?: Array<ChartLine>;
  group_cells?: GroupCells;
  missing_run_ids?: Array<string>;
  cursor: string;
}

/** Runs that are drawn as one line, with a band. */
export interface ChartGroup {
  name: string;
  run_ids: Array<string>;
}

/** One line of a chart. */
export interface ChartLine {
  name: string;
  key: string;
  entries: number;
  sent?: "same" | "tail" | "whole";
  since?: number;
}

/** Parameters of jobs/delete-runs (active runs) and jobs/restore-runs (deleted ones). */
export interface ChooseRuns {
  run_ids?: Array<string>;
  experiment_ids?: Array<string>;
  filter?: string;
  include_children?: boolean;
  job_id?: string;
}

/** Parameters of tables/compare: 2 to 500 runs, and whether rows that are the same in all of them are left out. */
export interface CompareRuns {
  run_ids: Array<string>;
  only_differences?: boolean;
}

/** Parameters of the other calls. */
export interface ControlledRun {
  run_id: string;
}

/** Parameters of experiments/create. */
export interface CreateExperiment {
  name: string;
  artifact_location?: string;
  tags?: Array<Tag>;
}

/** Parameters of logged-models (POST). */
export interface CreateLoggedModel {
  experiment_id: string;
  name?: string;
  model_type?: string;
  source_run_id?: string;
  params?: Array<LoggedModelParam>;
  tags?: Array<Tag>;
}

/** Parameters of runs/create. */
export interface CreateRun {
  experiment_id?: string;
  user_id?: string;
  run_name?: string;
  start_time?: number;
  tags?: Array<Tag>;
}

/** A dataset, known within an experiment by its name and digest. */
export interface Dataset {
  name: string;
  digest?: string;
  source_type?: string;
  source?: string;
  schema?: string;
  profile?: string;
}

/** A dataset that a run has used, with tags such as `mlflow.data.context`. */
export interface DatasetInput {
  tags?: Array<Tag>;
  dataset: Dataset;
}

/** Answer of experiments/search-datasets. */
export interface DatasetSummaries {
  dataset_summaries?: Array<DatasetSummary>;
}

/** A dataset that some run of an experiment has used. */
export interface DatasetSummary {
  experiment_id: string;
  name: string;
  digest: string;
  context?: string;
}

/** Parameters of experiments/delete-experiment-tag. */
export interface DeleteExperimentTag {
  experiment_id: string;
  key: string;
}

/** Parameters of logged-models/{model_id}/tags/{tag_key} (DELETE). */
export interface DeleteLoggedModelTag {
  model_id: string;
  tag_key: string;
}

/** Parameters of runs/delete-tag. */
export interface DeleteTag {
  run_id: string;
  key: string;
}

/** Parameters of views/delete; with `etag` it is deleted only if it is still in that state. */
export interface DeleteView {
  view_id: string;
  etag?: string;
}

/** One thing of all runs that are compared. */
export interface DifferenceRow {
  section: string;
  key: string;
  differs: boolean;
  respelled?: boolean;
  texts: Array<string>;
  codes: Uint8Array;
}

/** A piece of background work: which process does it, and until when it is that one's if nothing more is heard of it (Unix milliseconds). */
export interface DutyState {
  name: string;
  holder: string;
  until: number;
}

/** The parameters of a call that takes none, or the answer of one that has nothing to say. */
export interface Empty {
}

/** The interpreter of an attempt and its packages, name to version. */
export interface EnvironmentRecord {
  python?: string;
  platform?: string;
  packages?: Record<string, string>;
}

/** A named group of runs. Slashes in the name make a tree (`team/project/experiment`). */
export interface Experiment {
  experiment_id: string;
  name: string;
  artifact_location: string;
  lifecycle_stage: string;
  last_update_time: number;
  creation_time: number;
  tags?: Array<Tag>;
  workspace?: string;
}

/** An experiment as an answer. */
export interface ExperimentAnswer {
  experiment: Experiment;
}

/** What speaks for an experiment. */
export interface ExperimentBest {
  experiment_id: string;
  owner?: string;
  best?: BestValue;
}

/** Answer of experiments/create. */
export interface ExperimentCreated {
  experiment_id: string;
}

/** An experiment, and what is in it. */
export interface ExperimentOverview {
  experiment_id: string;
  name: string;
  lifecycle_stage: string;
  creation_time: number;
  last_update_time: number;
  tags: Array<Tag>;
  runs: number;
  running: number;
  last_run_time?: number;
}

/** Answer of experiments/search. */
export interface ExperimentsPage {
  experiments?: Array<Experiment>;
  next_page_token?: string;
}

/** A file or a folder; `file_size` is in bytes and absent for a folder. */
export interface FileInfo {
  path: string;
  is_dir: boolean;
  file_size?: number;
}

/** Parameters of logged-models/{model_id} (PATCH). */
export interface FinalizeLoggedModel {
  model_id: string;
  status: LoggedModelStatus;
}

/** Parameters of experiments/best: one experiment at least, and up to 200. */
export interface FindBest {
  experiment_ids: Array<string>;
}

/** Parameters of changes/follow. */
export interface FollowChanges {
  cursor?: string | number;
  wait_ms?: number;
  experiment_ids?: Array<string>;
  run_ids?: Array<string>;
  limit?: number;
}

/** Where a run begins that goes on from another one: with the history of `run_id` below `step`. */
export interface ForkRecord {
  run_id: string;
  step: number;
}

/** Parameters of get-artifact. */
export interface GetArtifact {
  run_id?: string;
  run_uuid?: string;
  path?: string;
}

/** Parameters of series.chart. */
export interface GetChart {
  run_ids?: Array<string>;
  keys: Array<string>;
  groups?: Array<ChartGroup>;
  x?: "metric" | "relative" | "step" | "time";
  x_key?: string;
  start?: number;
  end?: number;
  buckets?: number;
  precision?: "double" | "single";
  since?: string;
  attempt?: number;
}

/** Parameters of the calls that take an experiment's id alone. */
export interface GetExperiment {
  experiment_id: string;
}

/** Parameters of experiments/get-by-name. */
export interface GetExperimentByName {
  experiment_name: string;
}

/** Parameters of metrics/get-history; without `max_results` all points come at once. */
export interface GetHistory {
  run_id?: string;
  run_uuid?: string;
  metric_key: string;
  page_token?: string;
  max_results?: number;
}

/** Parameters of metrics/get-history-bulk: `run_id` may be repeated, up to 100 times. */
export interface GetHistoryBulk {
  run_id: Array<string>;
  metric_key: string;
  max_results?: number;
}

/** Parameters of metrics/get-history-bulk-interval: at most `max_results` points of each run, evenly spread. */
export interface GetHistoryBulkInterval {
  run_ids: Array<string>;
  metric_key: string;
  start_step?: number;
  end_step?: number;
  max_results?: number;
}

/** Parameters of ingest/ledger: of a run, or of what one writer has sent to it. */
export interface GetLedger {
  run_id: string;
  writer?: string;
  max_results?: number;
  page_token?: string;
}

/** Parameters of logged-models/{model_id}/artifacts/files. */
export interface GetLoggedModelFile {
  model_id: string;
  artifact_file_path?: string;
}

/** Parameters of series.points. */
export interface GetPoints {
  run_ids: Array<string>;
  keys: Array<string>;
  attempt?: number;
  start_step?: number;
  end_step?: number;
  start_time?: number;
  end_time?: number;
  max_points?: number;
  page_token?: string;
}

/** Parameters of runs/get; `run_uuid` is the older name of `run_id`. */
export interface GetRun {
  run_id?: string;
  run_uuid?: string;
}

/** Columns of lines of groups: one entry for each bucket that holds numbers of one of the runs. */
export interface GroupCells {
  bucket?: Uint8Array;
  runs?: Uint8Array;
  mean?: Uint8Array;
  min?: Uint8Array;
  max?: Uint8Array;
  std?: Uint8Array;
}

/** A column of a file. */
export interface HeadColumn {
  name: string;
  type: string;
}

/** Parameters of ingest/send. */
export interface Ingest {
  format: number;
  writer: string;
  seq: number;
  runs?: Array<RunBlock>;
}

/** Answer of ingest/send. */
export interface IngestAnswer {
  seq: number;
  last_seq: number;
  applied: Application;
  first?: number;
  records?: number;
  stored?: number;
  collapsed?: number;
  repeated?: number;
  late?: number;
  rejected?: Array<Rejection>;
  runs?: Array<BlockAnswer>;
}

/** A job. Times are Unix milliseconds. */
export interface Job {
  job_id: string;
  kind: string;
  state: JobState;
  total: number;
  done: number;
  failed: number;
  failures: Array<JobFailure>;
  reason?: string;
  details: string;
  actor: string;
  created_at: number;
  updated_at: number;
}

/** A job as an answer. */
export interface JobAnswer {
  job: Job;
}

/** Parameters of the calls that take a job's id alone. */
export interface JobById {
  job_id: string;
}

/** One thing that a job could not do: the run's or experiment's id, and why. */
export interface JobFailure {
  id: string;
  reason: string;
}

/** How far a job is. The numbers are stored; those from FINISHED on are ends. */
export type JobState = "CANCELLED" | "FAILED" | "FINISHED" | "PENDING" | "RUNNING";

/** Answer of jobs/list. */
export interface JobsPage {
  jobs?: Array<Job>;
  next_page_token?: string;
}

/** A name, and how many active runs have it. */
export interface KeyCount {
  kind: KeyKind;
  key: string;
  runs: number;
}

/** What has a name that people choose. */
export type KeyKind = "metric" | "param" | "tag";

/** What names or values are ordered by: how many runs have them, most first; or as texts. */
export type KeyOrder = "count" | "name";

/** Answer of tables/keys; `total` counts the names on all pages. */
export interface KeysPage {
  keys?: Array<KeyCount>;
  total: number;
  next_page_token?: string;
}

/** Answer of ingest/ledger: counts by writer, and a page of what was rejected, by writer and record. */
export interface Ledger {
  run_id: string;
  writers?: Array<WriterCounts>;
  rejections?: Array<LedgerRejection>;
  next_page_token?: string;
}

/** Records of a writer that were not stored, and when that was, in Unix milliseconds; see `Rejection`. */
export interface LedgerRejection {
  writer: string;
  record: number;
  count: number;
  what: string;
  reason: string;
  at: number;
}

/** Parameters of artifacts/list. */
export interface ListArtifacts {
  run_id?: string;
  run_uuid?: string;
  path?: string;
  page_token?: string;
}

/** Parameters of jobs/list, the newest first; no states stand for all. */
export interface ListJobs {
  states?: Array<JobState>;
  max_results?: number;
  page_token?: string;
}

/** Parameters of tables/keys: the names that the active runs of experiments have. */
export interface ListKeys {
  experiment_ids: Array<string>;
  kinds?: Array<KeyKind>;
  prefix?: string;
  contains?: string;
  ignore_case?: boolean;
  order?: KeyOrder;
  limit?: number;
  page_token?: string;
}

/** Parameters of logged-models/{model_id}/artifacts/directories. */
export interface ListLoggedModelArtifacts {
  model_id: string;
  artifact_directory_path?: string;
  page_token?: string;
}

/** Parameters of mlflow-artifacts/artifacts (GET). */
export interface ListProxy {
  path?: string;
}

/** Parameters of views/stars, the newest first; `kind` is `run`, `experiment` or `model`, or empty for all. */
export interface ListStars {
  kind?: string;
  max_results?: number;
  page_token?: string;
}

/** Parameters of tables/values: the texts that a param or a tag has in the active runs of experiments. */
export interface ListValues {
  experiment_ids: Array<string>;
  kind?: KeyKind;
  key: string;
  prefix?: string;
  contains?: string;
  ignore_case?: boolean;
  order?: KeyOrder;
  limit?: number;
}

/** Parameters of views/list: the views of one experiment, or without `experiment_id` those across experiments. */
export interface ListViews {
  experiment_id?: string;
}

/** Parameters of runs/log-batch. */
export interface LogBatch {
  run_id?: string;
  metrics?: Array<Metric>;
  params?: Array<Param>;
  tags?: Array<Tag>;
}

/** Parameters of runs/log-inputs. */
export interface LogInputs {
  run_id: string;
  datasets?: Array<DatasetInput>;
  models?: Array<ModelInput>;
}

/** Parameters of logged-models/{model_id}/params (POST). */
export interface LogLoggedModelParams {
  model_id: string;
  params?: Array<LoggedModelParam>;
}

/** Parameters of runs/log-metric. */
export interface LogMetric {
  run_id?: string;
  run_uuid?: string;
  key: string;
  value: number;
  timestamp: number;
  step?: number;
  model_id?: string;
  dataset_name?: string;
  dataset_digest?: string;
}

/** Parameters of runs/log-model (before MLflow 3): `model_json` is the text of an MLmodel file as JSON. */
export interface LogModel {
  run_id?: string;
  model_json?: string;
}

/** Parameters of runs/outputs. */
export interface LogOutputs {
  run_id: string;
  models?: Array<ModelOutput>;
}

/** Parameters of runs/log-parameter. */
export interface LogParam {
  run_id?: string;
  run_uuid?: string;
  key: string;
  value?: string;
}

/** A model that a run, or a user without a run, has made. */
export interface LoggedModel {
  info: LoggedModelInfo;
  data: LoggedModelData;
}

/** A logged model as an answer. */
export interface LoggedModelAnswer {
  model: LoggedModel;
}

/** Parameters of the calls that take a model's id alone. */
export interface LoggedModelById {
  model_id: string;
}

/** The params and metrics of a logged model. */
export interface LoggedModelData {
  params?: Array<LoggedModelParam>;
  metrics?: Array<LoggedModelMetric>;
}

/** What is known of a logged model besides its data. Times are Unix milliseconds. */
export interface LoggedModelInfo {
  model_id: string;
  experiment_id: string;
  name: string;
  creation_timestamp_ms: number;
  last_updated_timestamp_ms: number;
  artifact_uri: string;
  status: LoggedModelStatus;
  model_type?: string;
  source_run_id?: string;
  status_message?: string;
  tags?: Array<Tag>;
  registrations?: Array<LoggedModelRegistration>;
}

/** The latest point of a metric that a run has logged for a model (on a dataset, where one was named). */
export interface LoggedModelMetric {
  key: string;
  value: number;
  timestamp: number;
  step: number;
  model_id: string;
  dataset_name?: string;
  dataset_digest?: string;
  run_id: string;
}

/** One key of an order of logged models: an attribute, or `metrics.<key>`, perhaps on one dataset. */
export interface LoggedModelOrder {
  field_name: string;
  ascending?: boolean;
  dataset_name?: string;
  dataset_digest?: string;
}

/** A param of a logged model. */
export interface LoggedModelParam {
  key: string;
  value?: string;
}

/** A registered version made from a logged model. */
export interface LoggedModelRegistration {
  name: string;
  version: string;
}

/** How far a model's upload is. */
export type LoggedModelStatus = "LOGGED_MODEL_PENDING" | "LOGGED_MODEL_READY" | "LOGGED_MODEL_STATUS_UNSPECIFIED" | "LOGGED_MODEL_UPLOAD_FAILED";

/** Answer of logged-models/search. */
export interface LoggedModelsPage {
  models?: Array<LoggedModel>;
  next_page_token?: string;
}

/** One point of a metric. `value` may be NaN or infinite; `timestamp` is in Unix milliseconds. */
export interface Metric {
  key: string;
  value: number;
  timestamp: number;
  step?: number;
  model_id?: string;
  dataset_name?: string;
  dataset_digest?: string;
}

/** Points as columns, little endian, grouped in the order of `series`: `time` (int64, Unix milliseconds), `step` (int64), `value` (float64). */
export interface MetricColumns {
  series: Array<MetricSeries>;
  time: Uint8Array;
  step: Uint8Array;
  value: Uint8Array;
}

/** One metric of all runs that are compared. */
export interface MetricDifference {
  key: string;
  differs: boolean;
  present: Uint8Array;
  latest: Uint8Array;
  min: Uint8Array;
  max: Uint8Array;
}

/** A metric of a block, how many points of it follow, and what it was measured on. */
export interface MetricSeries {
  key: string;
  count: number;
  model_id?: string;
  dataset_name?: string;
  dataset_digest?: string;
}

/** One point of a metric, with its run. */
export interface MetricWithRunId {
  key: string;
  value: number;
  timestamp: number;
  step: number;
  run_id: string;
}

/** Answer of metrics/get-history. */
export interface MetricsPage {
  metrics?: Array<Metric>;
  next_page_token?: string;
}

/** A logged model that a run has used. */
export interface ModelInput {
  model_id: string;
}

/** A logged model that a run has made, and at which step. */
export interface ModelOutput {
  model_id: string;
  step: number;
}

/** Parameters of jobs/move-experiments: `team/a` to `org/b` renames `team/a` and all `team/a/...`. An empty target is the top. */
export interface MoveExperiments {
  from_prefix: string;
  to_prefix: string;
  job_id?: string;
}

/** Parameters of jobs/move-runs: runs by their ids, or all active ones of experiments that match a filter. */
export interface MoveRuns {
  to_experiment_id: string;
  run_ids?: Array<string>;
  experiment_ids?: Array<string>;
  filter?: string;
  include_children?: boolean;
  job_id?: string;
}

/** Answer of experiments/overview. */
export interface OverviewPage {
  experiments: Array<ExperimentOverview>;
  next_page_token?: string;
}

/** Answer of views/start, all of one moment. */
export interface PageStart {
  cursor: string;
  stars: Array<Star>;
  more_stars: boolean;
  experiment?: Experiment;
  views?: Array<View>;
}

/** An input of a run: a key and its value as text. */
export interface Param {
  key: string;
  value?: string;
}

/** What a param was before a later attempt changed it. `attempt` is the last one with this value. */
export interface PastParam {
  key: string;
  value: string;
  attempt: number;
}

/** Answer of series.points: by series, and within a series by time, step and value. */
export interface Points {
  series: Array<PointsOfSeries>;
  time: Uint8Array;
  step: Uint8Array;
  value: Uint8Array;
  missing_run_ids?: Array<string>;
  next_page_token?: string;
}

/** How many of the columns' points, from where the series before ends, belong to a run and a key. */
export interface PointsOfSeries {
  run_id: string;
  key: string;
  count: number;
}

/** Parameters of artifacts/presigned-upload-url and presigned-download-url; `expiration` in seconds. */
export interface PresignedUrl {
  run_id?: string;
  path?: string;
  expiration?: number;
  model_id?: string;
}

/** Answer of artifacts/preview. */
export interface Preview {
  path: string;
  expires_at: number;
}

/** Parameters of artifacts/preview: a file of a run. */
export interface PreviewArtifact {
  run_id: string;
  path: string;
}

/** Answer of mlflow-artifacts/artifacts (GET); paths are relative to the folder asked for. */
export interface ProxyFiles {
  files?: Array<FileInfo>;
}

/** The path of a file or folder below the artifact root. */
export interface ProxyPath {
  artifact_path: string;
}

/** Parameters of artifacts/table-head: a file of a run, and how many rows are wanted, 1000 at most. */
export interface ReadTableHead {
  run_id: string;
  path: string;
  rows?: number;
}

/** Records that were not stored. `record` is the first of them, counted over all batches of the writer; the others follow, not always at once. */
export interface Rejection {
  record: number;
  count: number;
  run_id: string;
  what: string;
  reason: string;
}

/** Parameters of control/request-stop; the reason is shown to the run, and to people. */
export interface RequestStop {
  run_id: string;
  reason?: string;
}

/** A run with all that belongs to it. */
export interface Run {
  info: RunInfo;
  data: RunData;
  inputs: RunInputs;
  outputs?: RunOutputs;
}

/** A run as an answer. */
export interface RunAnswer {
  run: Run;
}

/** One of the times that a run was launched, by the launcher's name for it. `from_step` is where it went on, if the launcher said so. */
export interface RunAttempt {
  attempt: number;
  name: string;
  from_step?: number;
  started_at: number;
}

/** What a batch says of one run. Params and tags are pairs of key and value; a point of `points` is key, value, time, step. */
export interface RunBlock {
  run_id: string;
  start?: StartRecord;
  attempt?: AttemptRecord;
  params?: Array<[string, string]>;
  tags?: Array<[string, string]>;
  datasets?: Array<DatasetInput>;
  model_inputs?: Array<ModelInput>;
  model_outputs?: Array<ModelOutput>;
  environment?: EnvironmentRecord;
  metrics?: MetricColumns;
  points?: Array<[string, number, number, number]>;
  status?: StatusRecord;
  lease_ms?: number;
  stop_seen?: boolean;
}

/** Parameters of runs/delete and runs/restore. */
export interface RunById {
  run_id: string;
}

/** What is known of a run's life. `attempt` is the current one, counted from 0. */
export interface RunControl {
  run_id: string;
  state: RunState;
  attempt: number;
  lease?: RunLease;
  stop?: StopRequest;
  attempts?: Array<RunAttempt>;
  fork?: RunFork;
  past_params?: Array<PastParam>;
}

/** The latest value of each metric, the params and the tags of a run. */
export interface RunData {
  metrics?: Array<Metric>;
  params?: Array<Param>;
  tags?: Array<Tag>;
}

/** Answer of tables/compare: the runs in the order asked for, the rows by section and key. */
export interface RunDifference {
  run_ids: Array<string>;
  rows: Array<DifferenceRow>;
  metrics: Array<MetricDifference>;
}

/** The run whose history below a step is the beginning of this one's. */
export interface RunFork {
  run_id: string;
  step: number;
}

/** What is known of a run besides its data. Times are Unix milliseconds. */
export interface RunInfo {
  run_id: string;
  run_uuid: string;
  run_name: string;
  experiment_id: string;
  user_id: string;
  status: RunStatus;
  start_time: number;
  end_time?: number;
  artifact_uri: string;
  lifecycle_stage: string;
}

/** Answer of runs/update. */
export interface RunInfoAnswer {
  run_info: RunInfo;
}

/** All that a run has used. */
export interface RunInputs {
  dataset_inputs?: Array<DatasetInput>;
  model_inputs?: Array<ModelInput>;
}

/** Until when a run has promised to be heard of, and for how many milliseconds it last asked. */
export interface RunLease {
  until: number;
  length_ms: number;
}

/** All that a run has made. */
export interface RunOutputs {
  model_outputs?: Array<ModelOutput>;
}

/** What a run is doing: MLflow's words, and LOST for one that is RUNNING while its lease is over. */
export type RunState = "FAILED" | "FINISHED" | "KILLED" | "LOST" | "RUNNING" | "SCHEDULED";

/** What a run is doing. */
export type RunStatus = "FAILED" | "FINISHED" | "KILLED" | "RUNNING" | "SCHEDULED";

/** Answer of tables/runs. */
export interface RunTable {
  rows: number;
  clock: number;
  columns?: Array<TableColumn>;
  arrow?: Uint8Array;
  matching?: number;
  total?: number;
  next_page_token?: string;
}

/** Answer of runs/search. */
export interface RunsPage {
  runs?: Array<Run>;
  next_page_token?: string;
}

/** Parameters of views/save. Without `view_id` a view is made; with `etag` it is changed only if it is still in that state. */
export interface SaveView {
  view_id?: string;
  experiment_id?: string;
  name: string;
  body: string;
  etag?: string;
}

/** A dataset that the metrics of a search must have been measured on. */
export interface SearchDataset {
  dataset_name: string;
  dataset_digest?: string;
}

/** Parameters of experiments/search-datasets. */
export interface SearchDatasets {
  experiment_ids?: Array<string>;
}

/** Parameters of experiments/search and experiments/overview. */
export interface SearchExperiments {
  max_results?: number;
  page_token?: string;
  filter?: string;
  order_by?: Array<string>;
  view_type?: ViewType;
}

/** Parameters of logged-models/search. */
export interface SearchLoggedModels {
  experiment_ids?: Array<string>;
  filter?: string;
  datasets?: Array<SearchDataset>;
  max_results?: number;
  order_by?: Array<LoggedModelOrder>;
  page_token?: string;
}

/** Parameters of runs/search. */
export interface SearchRuns {
  experiment_ids?: Array<string>;
  filter?: string;
  run_view_type?: ViewType;
  max_results?: number;
  order_by?: Array<string>;
  page_token?: string;
}

/** Parameters of tables/runs. */
export interface SelectRuns {
  experiment_ids: Array<string>;
  filter?: string;
  order_by?: Array<string>;
  run_view_type?: ViewType;
  select?: Array<string>;
  limit?: number;
  page_token?: string;
  count?: boolean;
  bounds_of_all?: boolean;
  format?: TableFormat;
}

/** Answer of server-info, in MLflow's words. */
export interface ServerInfo {
  store_type?: string;
  workspaces_enabled?: boolean;
  trace_archival_enabled?: boolean;
  multipart_uploads_enabled?: boolean;
  multipart_downloads_enabled?: boolean;
  presigned_upload_run_id_supported?: boolean;
  presigned_upload_model_id_supported?: boolean;
  features_enabled?: Record<string, boolean>;
}

/** Answer of server/state. */
export interface ServerState {
  version: string;
  python: string;
  database: string;
  database_version: string;
  schema: string;
  artifact_root: string;
  serves_artifacts: boolean;
  started_at: number;
  uptime_ms: number;
  experiments: number;
  runs: number;
  running: number;
  jobs_pending: number;
  jobs_running: number;
  duties: Array<DutyState>;
  needs_token: boolean;
}

/** Parameters of views/set-default: the view takes the place of the default before it, or ceases to be it. */
export interface SetDefaultView {
  view_id: string;
  is_default?: boolean;
}

/** Parameters of experiments/set-experiment-tag. */
export interface SetExperimentTag {
  experiment_id: string;
  key: string;
  value?: string;
}

/** Parameters of logged-models/{model_id}/tags (PATCH). */
export interface SetLoggedModelTags {
  model_id: string;
  tags?: Array<Tag>;
}

/** Parameters of runs/set-tag. */
export interface SetTag {
  run_id?: string;
  run_uuid?: string;
  key: string;
  value?: string;
}

/** A thing that the caller has starred, under its own id, with the experiment that it is in. */
export interface Star {
  kind: string;
  id: string;
  name: string;
  experiment_id?: string;
  lifecycle_stage: string;
  created_at: number;
}

/** Parameters of views/star and views/unstar: exactly one thing. */
export interface Starred {
  run_id?: string;
  experiment_id?: string;
  model_id?: string;
}

/** Answer of views/stars. */
export interface StarsPage {
  stars?: Array<Star>;
  next_page_token?: string;
}

/** Parameters of views/start: the experiment that a page is about, if it is about one. */
export interface StartPage {
  experiment_id?: string;
}

/** The beginning of a run; its id was made by the client. */
export interface StartRecord {
  experiment_id?: string;
  experiment_name?: string;
  run_name?: string;
  user_id?: string;
  start_time?: number;
  parent_run_id?: string;
  fork?: ForkRecord;
}

/** What a run is doing now. A run that ends without a time ends now. */
export interface StatusRecord {
  status: RunStatus;
  end_time?: number;
}

/** A request to a run to stop, which has not been acknowledged. */
export interface StopNote {
  reason: string;
  asked_at: number;
  asked_by: string;
}

/** A request to a run to stop. `seen_at` is when the run said that it had heard; it is not there before. */
export interface StopRequest {
  asked_at: number;
  asked_by: string;
  reason: string;
  seen_at?: number;
}

/** One column of a table. */
export interface TableColumn {
  name: string;
  type: string;
  values?: Uint8Array;
  present?: Uint8Array;
  texts?: Array<string>;
  codes?: Uint8Array;
  min?: number;
  max?: number;
}

/** How a table is answered: in columns of bytes, or as an Arrow IPC stream. */
export type TableFormat = "arrow" | "columns";

/** Answer of artifacts/table-head. */
export interface TableHead {
  columns: Array<HeadColumn>;
  rows: Array<Array<string>>;
  total_rows?: number;
  total_columns: number;
}

/** A key and a value, on whatever carries tags. */
export interface Tag {
  key: string;
  value?: string;
}

/** Parameters of jobs/tag-runs: tags to set, and keys of tags to remove. */
export interface TagRuns {
  run_ids?: Array<string>;
  experiment_ids?: Array<string>;
  filter?: string;
  tags?: Array<Tag>;
  remove?: Array<string>;
  job_id?: string;
}

/** Parameters of experiments/update. */
export interface UpdateExperiment {
  experiment_id: string;
  new_name?: string;
}

/** Parameters of runs/update; what is not given stays as it is. */
export interface UpdateRun {
  run_id?: string;
  run_uuid?: string;
  status?: RunStatus;
  end_time?: number;
  run_name?: string;
}

/** Parameters of upload-artifact, whose body is the file (at most 10 MiB). */
export interface UploadArtifact {
  run_id?: string;
  run_uuid?: string;
  path?: string;
}

/** A text, and how many active runs have it. */
export interface ValueCount {
  value: string;
  runs: number;
}

/** Answer of tables/values; `total` counts those that there is no room for as well. */
export interface ValuesAnswer {
  values?: Array<ValueCount>;
  total: number;
}

/** A saved view. Times are Unix milliseconds. */
export interface View {
  view_id: string;
  experiment_id?: string;
  name: string;
  owner: string;
  body?: string;
  is_default: boolean;
  etag: string;
  created_at: number;
  updated_at: number;
}

/** A view as an answer. */
export interface ViewAnswer {
  view: View;
}

/** Parameters of views/get. */
export interface ViewById {
  view_id: string;
}

/** Which stages of life a search looks at. */
export type ViewType = "ACTIVE_ONLY" | "ALL" | "DELETED_ONLY";

/** Answer of views/list, by name. */
export interface ViewsPage {
  views?: Array<View>;
}

/** What became of one writer's records for a run. `seen_at` is when the writer was last heard of, in Unix milliseconds. */
export interface WriterCounts {
  writer: string;
  last_seq: number;
  seen_at: number;
  stored: number;
  collapsed: number;
  repeated: number;
  late: number;
  rejected: number;
}

export const CALLS = {
  'artifacts.get': { method: 'GET', path: 'get-artifact', binary: false },
  'artifacts.list_proxy': { method: 'GET', path: 'api/2.0/mlflow-artifacts/artifacts', binary: false },
  'artifacts.list_run': { method: 'GET', path: 'api/2.0/mlflow/artifacts/list', binary: false },
  'artifacts.multipart_abort': { method: 'POST', path: 'api/2.0/mlflow-artifacts/mpu/abort/{artifact_path:path}', binary: false },
  'artifacts.multipart_complete': { method: 'POST', path: 'api/2.0/mlflow-artifacts/mpu/complete/{artifact_path:path}', binary: false },
  'artifacts.multipart_create': { method: 'POST', path: 'api/2.0/mlflow-artifacts/mpu/create/{artifact_path:path}', binary: false },
  'artifacts.presign_download': { method: 'POST', path: 'api/2.0/mlflow/artifacts/presigned-download-url', binary: false },
  'artifacts.presign_proxy': { method: 'GET', path: 'api/2.0/mlflow-artifacts/presigned/{artifact_path:path}', binary: false },
  'artifacts.presign_upload': { method: 'POST', path: 'api/2.0/mlflow/artifacts/presigned-upload-url', binary: false },
  'artifacts.preview': { method: 'POST', path: 'api/headrace/v1/artifacts/preview', binary: false },
  'artifacts.proxy_delete': { method: 'DELETE', path: 'api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}', binary: false },
  'artifacts.proxy_get': { method: 'GET', path: 'api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}', binary: false },
  'artifacts.proxy_put': { method: 'PUT', path: 'api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}', binary: false },
  'artifacts.table_head': { method: 'GET', path: 'api/headrace/v1/artifacts/table-head', binary: false },
  'artifacts.upload': { method: 'POST', path: 'api/2.0/mlflow/upload-artifact', binary: false },
  'changes.follow': { method: 'POST', path: 'api/headrace/v1/changes/follow', binary: false },
  'control.acknowledge': { method: 'POST', path: 'api/headrace/v1/control/acknowledge', binary: false },
  'control.cancel_stop': { method: 'POST', path: 'api/headrace/v1/control/cancel-stop', binary: false },
  'control.get': { method: 'GET', path: 'api/headrace/v1/control/get', binary: false },
  'control.request_stop': { method: 'POST', path: 'api/headrace/v1/control/request-stop', binary: false },
  'experiments.best': { method: 'POST', path: 'api/headrace/v1/experiments/best', binary: false },
  'experiments.create': { method: 'POST', path: 'api/2.0/mlflow/experiments/create', binary: false },
  'experiments.delete': { method: 'POST', path: 'api/2.0/mlflow/experiments/delete', binary: false },
  'experiments.delete_tag': { method: 'POST', path: 'api/2.0/mlflow/experiments/delete-experiment-tag', binary: false },
  'experiments.get': { method: 'GET', path: 'api/2.0/mlflow/experiments/get', binary: false },
  'experiments.get_by_name': { method: 'GET', path: 'api/2.0/mlflow/experiments/get-by-name', binary: false },
  'experiments.overview': { method: 'POST', path: 'api/headrace/v1/experiments/overview', binary: false },
  'experiments.restore': { method: 'POST', path: 'api/2.0/mlflow/experiments/restore', binary: false },
  'experiments.search': { method: 'POST', path: 'api/2.0/mlflow/experiments/search', binary: false },
  'experiments.set_tag': { method: 'POST', path: 'api/2.0/mlflow/experiments/set-experiment-tag', binary: false },
  'experiments.update': { method: 'POST', path: 'api/2.0/mlflow/experiments/update', binary: false },
  'ingest.ledger': { method: 'GET', path: 'api/headrace/v1/ingest/ledger', binary: false },
  'ingest.send': { method: 'POST', path: 'api/headrace/v1/ingest/send', binary: true },
  'inputs.log_inputs': { method: 'POST', path: 'api/2.0/mlflow/runs/log-inputs', binary: false },
  'inputs.log_outputs': { method: 'POST', path: 'api/2.0/mlflow/runs/outputs', binary: false },
  'inputs.search_datasets': { method: 'POST', path: 'api/2.0/mlflow/experiments/search-datasets', binary: false },
  'jobs.cancel': { method: 'POST', path: 'api/headrace/v1/jobs/cancel', binary: false },
  'jobs.delete_runs': { method: 'POST', path: 'api/headrace/v1/jobs/delete-runs', binary: false },
  'jobs.get': { method: 'GET', path: 'api/headrace/v1/jobs/get', binary: false },
  'jobs.list': { method: 'GET', path: 'api/headrace/v1/jobs/list', binary: false },
  'jobs.move_experiments': { method: 'POST', path: 'api/headrace/v1/jobs/move-experiments', binary: false },
  'jobs.move_runs': { method: 'POST', path: 'api/headrace/v1/jobs/move-runs', binary: false },
  'jobs.restore_runs': { method: 'POST', path: 'api/headrace/v1/jobs/restore-runs', binary: false },
  'jobs.tag_runs': { method: 'POST', path: 'api/headrace/v1/jobs/tag-runs', binary: false },
  'logged_models.create': { method: 'POST', path: 'api/2.0/mlflow/logged-models', binary: false },
  'logged_models.delete': { method: 'DELETE', path: 'api/2.0/mlflow/logged-models/{model_id}', binary: false },
  'logged_models.delete_tag': { method: 'DELETE', path: 'api/2.0/mlflow/logged-models/{model_id}/tags/{tag_key:path}', binary: false },
  'logged_models.finalize': { method: 'PATCH', path: 'api/2.0/mlflow/logged-models/{model_id}', binary: false },
  'logged_models.get': { method: 'GET', path: 'api/2.0/mlflow/logged-models/{model_id}', binary: false },
  'logged_models.get_file': { method: 'GET', path: 'api/2.0/mlflow/logged-models/{model_id}/artifacts/files', binary: false },
  'logged_models.list_artifacts': { method: 'GET', path: 'api/2.0/mlflow/logged-models/{model_id}/artifacts/directories', binary: false },
  'logged_models.log_params': { method: 'POST', path: 'api/2.0/mlflow/logged-models/{model_id}/params', binary: false },
  'logged_models.search': { method: 'POST', path: 'api/2.0/mlflow/logged-models/search', binary: false },
  'logged_models.set_tags': { method: 'PATCH', path: 'api/2.0/mlflow/logged-models/{model_id}/tags', binary: false },
  'metrics.get_history': { method: 'GET', path: 'api/2.0/mlflow/metrics/get-history', binary: false },
  'metrics.get_history_bulk': { method: 'GET', path: 'api/2.0/mlflow/metrics/get-history-bulk', binary: false },
  'metrics.get_history_bulk_interval': { method: 'GET', path: 'api/2.0/mlflow/metrics/get-history-bulk-interval', binary: false },
  'metrics.log': { method: 'POST', path: 'api/2.0/mlflow/runs/log-metric', binary: false },
  'runs.create': { method: 'POST', path: 'api/2.0/mlflow/runs/create', binary: false },
  'runs.delete': { method: 'POST', path: 'api/2.0/mlflow/runs/delete', binary: false },
  'runs.delete_tag': { method: 'POST', path: 'api/2.0/mlflow/runs/delete-tag', binary: false },
  'runs.get': { method: 'GET', path: 'api/2.0/mlflow/runs/get', binary: false },
  'runs.log_batch': { method: 'POST', path: 'api/2.0/mlflow/runs/log-batch', binary: false },
  'runs.log_model': { method: 'POST', path: 'api/2.0/mlflow/runs/log-model', binary: false },
  'runs.log_param': { method: 'POST', path: 'api/2.0/mlflow/runs/log-parameter', binary: false },
  'runs.restore': { method: 'POST', path: 'api/2.0/mlflow/runs/restore', binary: false },
  'runs.search': { method: 'POST', path: 'api/2.0/mlflow/runs/search', binary: false },
  'runs.set_tag': { method: 'POST', path: 'api/2.0/mlflow/runs/set-tag', binary: false },
  'runs.update': { method: 'POST', path: 'api/2.0/mlflow/runs/update', binary: false },
  'series.chart': { method: 'POST', path: 'api/headrace/v1/series/chart', binary: true },
  'series.points': { method: 'POST', path: 'api/headrace/v1/series/points', binary: true },
  'server.info': { method: 'GET', path: 'api/3.0/mlflow/server-info', binary: false },
  'server.state': { method: 'GET', path: 'api/headrace/v1/server/state', binary: false },
  'tables.compare': { method: 'POST', path: 'api/headrace/v1/tables/compare', binary: true },
  'tables.keys': { method: 'POST', path: 'api/headrace/v1/tables/keys', binary: true },
  'tables.runs': { method: 'POST', path: 'api/headrace/v1/tables/runs', binary: true },
  'tables.values': { method: 'POST', path: 'api/headrace/v1/tables/values', binary: true },
  'views.delete': { method: 'POST', path: 'api/headrace/v1/views/delete', binary: false },
  'views.get': { method: 'GET', path: 'api/headrace/v1/views/get', binary: false },
  'views.list': { method: 'GET', path: 'api/headrace/v1/views/list', binary: false },
  'views.save': { method: 'POST', path: 'api/headrace/v1/views/save', binary: false },
  'views.set_default': { method: 'POST', path: 'api/headrace/v1/views/set-default', binary: false },
  'views.star': { method: 'POST', path: 'api/headrace/v1/views/star', binary: false },
  'views.stars': { method: 'GET', path: 'api/headrace/v1/views/stars', binary: false },
  'views.start': { method: 'GET', path: 'api/headrace/v1/views/start', binary: false },
  'views.unstar': { method: 'POST', path: 'api/headrace/v1/views/unstar', binary: false },
} as const;

export interface Calls {
  'artifacts.get': { request: GetArtifact; response: Empty };
  'artifacts.list_proxy': { request: ListProxy; response: ProxyFiles };
  'artifacts.list_run': { request: ListArtifacts; response: ArtifactsPage };
  'artifacts.multipart_abort': { request: ProxyPath; response: Empty };
  'artifacts.multipart_complete': { request: ProxyPath; response: Empty };
  'artifacts.multipart_create': { request: ProxyPath; response: Empty };
  'artifacts.presign_download': { request: PresignedUrl; response: Empty };
  'artifacts.presign_proxy': { request: ProxyPath; response: Empty };
  'artifacts.presign_upload': { request: PresignedUrl; response: Empty };
  'artifacts.preview': { request: PreviewArtifact; response: Preview };
  'artifacts.proxy_delete': { request: ProxyPath; response: Empty };
  'artifacts.proxy_get': { request: ProxyPath; response: Empty };
  'artifacts.proxy_put': { request: ProxyPath; response: Empty };
  'artifacts.table_head': { request: ReadTableHead; response: TableHead };
  'artifacts.upload': { request: UploadArtifact; response: Empty };
  'changes.follow': { request: FollowChanges; response: Changes };
  'control.acknowledge': { request: ControlledRun; response: RunControl };
  'control.cancel_stop': { request: ControlledRun; response: RunControl };
  'control.get': { request: ControlledRun; response: RunControl };
  'control.request_stop': { request: RequestStop; response: RunControl };
  'experiments.best': { request: FindBest; response: BestAnswer };
  'experiments.create': { request: CreateExperiment; response: ExperimentCreated };
  'experiments.delete': { request: GetExperiment; response: Empty };
  'experiments.delete_tag': { request: DeleteExperimentTag; response: Empty };
  'experiments.get': { request: GetExperiment; response: ExperimentAnswer };
  'experiments.get_by_name': { request: GetExperimentByName; response: ExperimentAnswer };
  'experiments.overview': { request: SearchExperiments; response: OverviewPage };
  'experiments.restore': { request: GetExperiment; response: Empty };
  'experiments.search': { request: SearchExperiments; response: ExperimentsPage };
  'experiments.set_tag': { request: SetExperimentTag; response: Empty };
  'experiments.update': { request: UpdateExperiment; response: Empty };
  'ingest.ledger': { request: GetLedger; response: Ledger };
  'ingest.send': { request: Ingest; response: IngestAnswer };
  'inputs.log_inputs': { request: LogInputs; response: Empty };
  'inputs.log_outputs': { request: LogOutputs; response: Empty };
  'inputs.search_datasets': { request: SearchDatasets; response: DatasetSummaries };
  'jobs.cancel': { request: JobById; response: JobAnswer };
  'jobs.delete_runs': { request: ChooseRuns; response: JobAnswer };
  'jobs.get': { request: JobById; response: JobAnswer };
  'jobs.list': { request: ListJobs; response: JobsPage };
  'jobs.move_experiments': { request: MoveExperiments; response: JobAnswer };
  'jobs.move_runs': { request: MoveRuns; response: JobAnswer };
  'jobs.restore_runs': { request: ChooseRuns; response: JobAnswer };
  'jobs.tag_runs': { request: TagRuns; response: JobAnswer };
  'logged_models.create': { request: CreateLoggedModel; response: LoggedModelAnswer };
  'logged_models.delete': { request: LoggedModelById; response: Empty };
  'logged_models.delete_tag': { request: DeleteLoggedModelTag; response: Empty };
  'logged_models.finalize': { request: FinalizeLoggedModel; response: LoggedModelAnswer };
  'logged_models.get': { request: LoggedModelById; response: LoggedModelAnswer };
  'logged_models.get_file': { request: GetLoggedModelFile; response: Empty };
  'logged_models.list_artifacts': { request: ListLoggedModelArtifacts; response: ArtifactsPage };
  'logged_models.log_params': { request: LogLoggedModelParams; response: Empty };
  'logged_models.search': { request: SearchLoggedModels; response: LoggedModelsPage };
  'logged_models.set_tags': { request: SetLoggedModelTags; response: Empty };
  'metrics.get_history': { request: GetHistory; response: MetricsPage };
  'metrics.get_history_bulk': { request: GetHistoryBulk; response: BulkHistory };
  'metrics.get_history_bulk_interval': { request: GetHistoryBulkInterval; response: BulkHistory };
  'metrics.log': { request: LogMetric; response: Empty };
  'runs.create': { request: CreateRun; response: RunAnswer };
  'runs.delete': { request: RunById; response: Empty };
  'runs.delete_tag': { request: DeleteTag; response: Empty };
  'runs.get': { request: GetRun; response: RunAnswer };
  'runs.log_batch': { request: LogBatch; response: Empty };
  'runs.log_model': { request: LogModel; response: Empty };
  'runs.log_param': { request: LogParam; response: Empty };
  'runs.restore': { request: RunById; response: Empty };
  'runs.search': { request: SearchRuns; response: RunsPage };
  'runs.set_tag': { request: SetTag; response: Empty };
  'runs.update': { request: UpdateRun; response: RunInfoAnswer };
  'series.chart': { request: GetChart; response: Chart };
  'series.points': { request: GetPoints; response: Points };
  'server.info': { request: Empty; response: ServerInfo };
  'server.state': { request: Empty; response: ServerState };
  'tables.compare': { request: CompareRuns; response: RunDifference };
  'tables.keys': { request: ListKeys; response: KeysPage };
  'tables.runs': { request: SelectRuns; response: RunTable };
  'tables.values': { request: ListValues; response: ValuesAnswer };
  'views.delete': { request: DeleteView; response: Empty };
  'views.get': { request: ViewById; response: ViewAnswer };
  'views.list': { request: ListViews; response: ViewsPage };
  'views.save': { request: SaveView; response: ViewAnswer };
  'views.set_default': { request: SetDefaultView; response: ViewAnswer };
  'views.star': { request: Starred; response: Empty };
  'views.stars': { request: ListStars; response: StarsPage };
  'views.start': { request: StartPage; response: PageStart };
  'views.unstar': { request: Starred; response: Empty };
}
