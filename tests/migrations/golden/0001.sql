BEGIN TRANSACTION;
CREATE TABLE hr_change (
	clock BIGINT NOT NULL, 
	kind SMALLINT NOT NULL, 
	subject INTEGER NOT NULL, 
	experiment INTEGER NOT NULL, 
	CONSTRAINT hr_change_pk PRIMARY KEY (clock, kind, subject)
)
 WITHOUT ROWID

;
INSERT INTO "hr_change" VALUES(1,1,0,0);
INSERT INTO "hr_change" VALUES(2,1,1,1);
INSERT INTO "hr_change" VALUES(3,1,2,2);
INSERT INTO "hr_change" VALUES(4,2,1,2);
INSERT INTO "hr_change" VALUES(5,1,2,2);
INSERT INTO "hr_change" VALUES(5,2,1,2);
INSERT INTO "hr_change" VALUES(6,2,2,1);
INSERT INTO "hr_change" VALUES(7,4,1,1);
INSERT INTO "hr_change" VALUES(8,4,1,1);
INSERT INTO "hr_change" VALUES(9,2,2,1);
INSERT INTO "hr_change" VALUES(9,3,2,1);
INSERT INTO "hr_change" VALUES(10,2,2,1);
INSERT INTO "hr_change" VALUES(11,2,2,1);
INSERT INTO "hr_change" VALUES(12,2,2,1);
INSERT INTO "hr_change" VALUES(13,2,3,1);
INSERT INTO "hr_change" VALUES(14,3,3,1);
INSERT INTO "hr_change" VALUES(15,2,4,1);
INSERT INTO "hr_change" VALUES(16,2,4,1);
CREATE TABLE hr_clock (
	id SMALLINT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT hr_clock_pk PRIMARY KEY (id)
);
INSERT INTO "hr_clock" VALUES(1,16);
CREATE TABLE hr_context (
	id INTEGER NOT NULL, 
	model_id VARCHAR(64) NOT NULL, 
	dataset_name VARCHAR(500) NOT NULL, 
	dataset_digest VARCHAR(36) NOT NULL, 
	CONSTRAINT hr_context_pk PRIMARY KEY (id), 
	CONSTRAINT hr_context_one_model_id_dataset_name_dataset_digest UNIQUE (model_id, dataset_name, dataset_digest)
);
INSERT INTO "hr_context" VALUES(1,'m-740d20d2956d4cc4b05e0f1a35d67089','cifar','d1');
CREATE TABLE hr_context_series (
	context INTEGER NOT NULL, 
	series INTEGER NOT NULL, 
	CONSTRAINT hr_context_series_pk PRIMARY KEY (context, series)
)
 WITHOUT ROWID

;
INSERT INTO "hr_context_series" VALUES(1,3);
CREATE TABLE hr_dataset (
	id INTEGER NOT NULL, 
	experiment INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	source_type TEXT NOT NULL, 
	source TEXT NOT NULL, 
	schema_text TEXT, 
	profile_text TEXT, 
	CONSTRAINT hr_dataset_pk PRIMARY KEY (id), 
	CONSTRAINT hr_dataset_one_experiment_name_digest UNIQUE (experiment, name, digest)
);
INSERT INTO "hr_dataset" VALUES(1,1,'cifar','d1','local','{}','{}','{}');
CREATE TABLE hr_duty (
	name VARCHAR(64) NOT NULL, 
	holder VARCHAR(64) NOT NULL, 
	until BIGINT NOT NULL, 
	CONSTRAINT hr_duty_pk PRIMARY KEY (name)
);
CREATE TABLE hr_experiment (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(2048) NOT NULL, 
	deleted SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT hr_experiment_one_name UNIQUE (name)
);
INSERT INTO "hr_experiment" VALUES(0,'Default','mlflow-artifacts:/0',0,1795230504611,1795230504611);
INSERT INTO "hr_experiment" VALUES(1,'team/vision','mlflow-artifacts:/1',0,1795230504611,1795230504611);
INSERT INTO "hr_experiment" VALUES(2,'gone','mlflow-artifacts:/2',1,1795230504615,1795230504616);
CREATE TABLE hr_experiment_tag (
	experiment INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT hr_experiment_tag_pk PRIMARY KEY (experiment, name)
)
 WITHOUT ROWID

;
INSERT INTO "hr_experiment_tag" VALUES(1,'owner','ann');
CREATE TABLE hr_key (
	id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	CONSTRAINT hr_key_pk PRIMARY KEY (id), 
	CONSTRAINT hr_key_one_name UNIQUE (name)
);
INSERT INTO "hr_key" VALUES(1,'mlflow.runName');
INSERT INTO "hr_key" VALUES(2,'depth');
INSERT INTO "hr_key" VALUES(3,'stage');
INSERT INTO "hr_key" VALUES(4,'lr');
INSERT INTO "hr_key" VALUES(5,'note');
INSERT INTO "hr_key" VALUES(6,'team');
INSERT INTO "hr_key" VALUES(7,'text');
INSERT INTO "hr_key" VALUES(8,'loss');
INSERT INTO "hr_key" VALUES(9,'acc');
CREATE TABLE hr_lease (
	run INTEGER NOT NULL, 
	until BIGINT NOT NULL, 
	CONSTRAINT hr_lease_pk PRIMARY KEY (run)
);
CREATE TABLE hr_model (
	id INTEGER NOT NULL, 
	model_id VARCHAR(64) NOT NULL, 
	experiment INTEGER NOT NULL, 
	scope INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	model_type TEXT NOT NULL, 
	source_run_id VARCHAR(256) NOT NULL, 
	status SMALLINT NOT NULL, 
	status_message TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	artifact_uri TEXT NOT NULL, 
	CONSTRAINT hr_model_pk PRIMARY KEY (id), 
	CONSTRAINT hr_model_one_model_id UNIQUE (model_id)
);
INSERT INTO "hr_model" VALUES(1,'m-740d20d2956d4cc4b05e0f1a35d67089',1,2,'net','cnn','8544a5b6c5124e849382023ebce34078',2,'',1795230504617,1795230504617,'mlflow-artifacts:/1/models/m-740d20d2956d4cc4b05e0f1a35d67089/artifacts');
CREATE TABLE hr_model_param (
	model INTEGER NOT NULL, 
	key_id INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	number BIGINT, 
	CONSTRAINT hr_model_param_pk PRIMARY KEY (model, key_id)
)
 WITHOUT ROWID

;
INSERT INTO "hr_model_param" VALUES(1,2,'50',4632233691727265792);
CREATE TABLE hr_model_tag (
	model INTEGER NOT NULL, 
	key_id INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT hr_model_tag_pk PRIMARY KEY (model, key_id)
)
 WITHOUT ROWID

;
INSERT INTO "hr_model_tag" VALUES(1,3,'test');
CREATE TABLE hr_object (
	path VARCHAR(768) NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	origin SMALLINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT hr_object_pk PRIMARY KEY (path)
)
 WITHOUT ROWID

;
CREATE TABLE hr_param (
	run INTEGER NOT NULL, 
	key_id INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	digest BIGINT NOT NULL, 
	number BIGINT, 
	scope INTEGER NOT NULL, 
	CONSTRAINT hr_param_pk PRIMARY KEY (run, key_id)
)
 WITHOUT ROWID

;
INSERT INTO "hr_param" VALUES(2,4,'1e-3',-3242846930390741739,4562254508917369340,2);
INSERT INTO "hr_param" VALUES(2,5,'ünï 🦉',-2273999117102273988,NULL,2);
CREATE TABLE hr_point (
	series INTEGER NOT NULL, 
	time BIGINT NOT NULL, 
	step BIGINT NOT NULL, 
	code BIGINT NOT NULL, 
	n BIGINT NOT NULL, 
	CONSTRAINT hr_point_pk PRIMARY KEY (series, time, step, code, n)
)
 WITHOUT ROWID

;
INSERT INTO "hr_point" VALUES(1,998,-2,4602678819172646912,0);
INSERT INTO "hr_point" VALUES(1,999,-1,4598175219545276416,0);
INSERT INTO "hr_point" VALUES(1,1000,0,9221120237041090560,0);
INSERT INTO "hr_point" VALUES(1,1001,1,9218868437227405312,0);
INSERT INTO "hr_point" VALUES(1,1002,2,-9218868437227405313,0);
INSERT INTO "hr_point" VALUES(1,1003,3,-1,0);
INSERT INTO "hr_point" VALUES(1,1004,4,1,0);
INSERT INTO "hr_point" VALUES(1,1005,5,4593671619917905920,0);
INSERT INTO "hr_point" VALUES(2,5,0,9221120237041090560,0);
INSERT INTO "hr_point" VALUES(3,6,1,4604930618986332160,0);
INSERT INTO "hr_point" VALUES(4,7,0,4589168020290535424,0);
CREATE TABLE hr_run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id VARCHAR(256) NOT NULL, 
	experiment INTEGER NOT NULL, 
	scope INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	user_id VARCHAR(256) NOT NULL, 
	status SMALLINT NOT NULL, 
	start_time BIGINT NOT NULL, 
	end_time BIGINT, 
	deleted_at BIGINT, 
	artifact_uri TEXT NOT NULL, 
	attempt SMALLINT NOT NULL, 
	CONSTRAINT hr_run_one_run_id UNIQUE (run_id)
);
INSERT INTO "hr_run" VALUES(1,'ae987607d4b44df08c4655b59a2a6d7e',2,5,'goes with it','',1,1,NULL,1795230504616,'mlflow-artifacts:/2/ae987607d4b44df08c4655b59a2a6d7e/artifacts',0);
INSERT INTO "hr_run" VALUES(2,'8544a5b6c5124e849382023ebce34078',1,2,'first','ann',3,1000,2000,NULL,'mlflow-artifacts:/1/8544a5b6c5124e849382023ebce34078/artifacts',0);
INSERT INTO "hr_run" VALUES(3,'006b5f8a58284a67a37cbe1b603c4dd3',1,2,'second','ann',1,2000,NULL,NULL,'mlflow-artifacts:/1/006b5f8a58284a67a37cbe1b603c4dd3/artifacts',0);
INSERT INTO "hr_run" VALUES(4,'be529dcad33b4e7799aefe929571830f',1,3,'third, deleted','ann',1,3000,NULL,1795230504622,'mlflow-artifacts:/1/be529dcad33b4e7799aefe929571830f/artifacts',0);
CREATE TABLE hr_run_dataset (
	run INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	CONSTRAINT hr_run_dataset_pk PRIMARY KEY (run, dataset)
)
 WITHOUT ROWID

;
INSERT INTO "hr_run_dataset" VALUES(2,1);
CREATE TABLE hr_run_dataset_tag (
	run INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT hr_run_dataset_tag_pk PRIMARY KEY (run, dataset, name)
)
 WITHOUT ROWID

;
INSERT INTO "hr_run_dataset_tag" VALUES(2,1,'mlflow.data.context','train');
CREATE TABLE hr_run_model_input (
	run INTEGER NOT NULL, 
	model_id VARCHAR(64) NOT NULL, 
	CONSTRAINT hr_run_model_input_pk PRIMARY KEY (run, model_id)
)
 WITHOUT ROWID

;
INSERT INTO "hr_run_model_input" VALUES(2,'m-740d20d2956d4cc4b05e0f1a35d67089');
CREATE TABLE hr_run_model_output (
	run INTEGER NOT NULL, 
	model_id VARCHAR(64) NOT NULL, 
	step BIGINT NOT NULL, 
	CONSTRAINT hr_run_model_output_pk PRIMARY KEY (run, model_id, step)
)
 WITHOUT ROWID

;
INSERT INTO "hr_run_model_output" VALUES(2,'m-740d20d2956d4cc4b05e0f1a35d67089',3);
CREATE TABLE hr_series (
	id INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	key_id INTEGER NOT NULL, 
	context INTEGER NOT NULL, 
	attempt SMALLINT NOT NULL, 
	scope INTEGER, 
	start_time BIGINT NOT NULL, 
	is_nan SMALLINT NOT NULL, 
	latest_code BIGINT NOT NULL, 
	latest_step BIGINT NOT NULL, 
	latest_time BIGINT NOT NULL, 
	first_code BIGINT NOT NULL, 
	first_step BIGINT NOT NULL, 
	first_time BIGINT NOT NULL, 
	min_code BIGINT, 
	max_code BIGINT, 
	points BIGINT NOT NULL, 
	nans BIGINT NOT NULL, 
	CONSTRAINT hr_series_pk PRIMARY KEY (id), 
	CONSTRAINT hr_series_one_run_key_id_context_attempt UNIQUE (run, key_id, context, attempt)
);
INSERT INTO "hr_series" VALUES(1,2,8,0,0,2,1000,0,4593671619917905920,5,1005,4602678819172646912,-2,998,-9218868437227405313,9218868437227405312,8,1);
INSERT INTO "hr_series" VALUES(2,2,9,0,0,2,1000,0,4604930618986332160,1,6,9221120237041090560,0,5,4604930618986332160,4604930618986332160,2,1);
INSERT INTO "hr_series" VALUES(3,2,9,1,0,NULL,1000,0,4604930618986332160,1,6,4604930618986332160,1,6,4604930618986332160,4604930618986332160,1,0);
INSERT INTO "hr_series" VALUES(4,3,8,0,0,2,2000,0,4589168020290535424,0,7,4589168020290535424,0,7,4589168020290535424,4589168020290535424,1,0);
CREATE TABLE hr_tag (
	run INTEGER NOT NULL, 
	key_id INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	digest BIGINT NOT NULL, 
	scope INTEGER NOT NULL, 
	CONSTRAINT hr_tag_pk PRIMARY KEY (run, key_id)
)
 WITHOUT ROWID

;
INSERT INTO "hr_tag" VALUES(1,1,'goes with it',1493440774455701274,5);
INSERT INTO "hr_tag" VALUES(2,1,'first',-6692916053598361438,2);
INSERT INTO "hr_tag" VALUES(2,6,'blue',-2627864690955420270,2);
INSERT INTO "hr_tag" VALUES(2,7,'a
b',6888081726617775527,2);
INSERT INTO "hr_tag" VALUES(3,1,'second',-809190789161720699,2);
INSERT INTO "hr_tag" VALUES(4,1,'third, deleted',4650352960999232296,3);
CREATE TABLE hr_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT hr_version_pk PRIMARY KEY (version_num)
);
INSERT INTO "hr_version" VALUES('0001');
CREATE TABLE hr_writer (
	id VARCHAR(64) NOT NULL, 
	seq BIGINT NOT NULL, 
	result BLOB NOT NULL, 
	seen_at BIGINT NOT NULL, 
	CONSTRAINT hr_writer_pk PRIMARY KEY (id)
);
CREATE INDEX hr_experiment_by_deleted_created_at ON hr_experiment (deleted, created_at);
CREATE INDEX hr_model_by_scope_created_at ON hr_model (scope, created_at DESC, model_id);
CREATE INDEX hr_run_by_scope_start_time ON hr_run (scope, start_time DESC, run_id);
CREATE INDEX hr_param_by_scope_key_id_digest_run ON hr_param (scope, key_id, digest, run);
CREATE INDEX hr_tag_by_scope_key_id_digest_run ON hr_tag (scope, key_id, digest, run);
CREATE INDEX hr_series_by_scope_key_latest ON hr_series (scope, key_id, is_nan, latest_code, start_time DESC, run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('hr_experiment',2);
INSERT INTO "sqlite_sequence" VALUES('hr_run',4);
COMMIT;
