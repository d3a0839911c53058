/** What went into a run and what came out of it: datasets, models, and the run between them. */

import { Badge, Group, Modal, Text, UnstyledButton } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight, Box, Database } from 'lucide-react';
import { Fragment, type ReactNode, useState } from 'react';
import type { DatasetInput, LoggedModel, Run } from '@/api/calls';
import { call } from '@/api/client';
import { CodeBlock } from '@/components/CodeBlock';
import { RunDot } from '@/components/RunDot';
import { Panel } from './Panel';
import styles from './RunPage.module.css';

/** So many models are looked up by name. */
const MODELS = 20;

interface Props {
  run: Run;
  number: number;
}

export function DataPanel({ run, number }: Props) {
  const [opened, setOpened] = useState<DatasetInput>();
  const inputs = run.inputs.dataset_inputs ?? [];
  const used = run.inputs.model_inputs ?? [];
  const made = run.outputs?.model_outputs ?? [];
  const ids = [...new Set([...used, ...made].map(({ model_id }) => model_id))].slice(0, MODELS);
  const models = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['model', id],
      retry: false,
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await call('logged_models.get', { model_id: id }, { signal })).model,
    })),
    combine: (answers) =>
      new Map(answers.flatMap(({ data }, place) => (data ? [[ids[place] ?? '', data] as const] : []))),
  });
  if (inputs.length + used.length + made.length === 0) return null;
  const left: ReactNode[] = [
    ...inputs.map((input) => (
      <DatasetNode key={`${input.dataset.name} ${input.dataset.digest}`} input={input} open={() => setOpened(input)} />
    )),
    ...used.map(({ model_id }) => (
      <ModelNode key={model_id} id={model_id} experimentId={run.info.experiment_id} model={models.get(model_id)} />
    )),
  ];
  const right = made.map(({ model_id, step }) => (
    <ModelNode
      key={model_id}
      id={model_id}
      experimentId={run.info.experiment_id}
      model={models.get(model_id)}
      step={Number(step)}
    />
  ));
  return (
    <Panel
      title="Data and models"
      note={[count(inputs.length, 'dataset'), count(used.length + made.length, 'model')].filter(Boolean).join(', ')}
    >
      <div className={styles.lineage}>
        <Ends none="No data noted">{left}</Ends>
        <ArrowRight size={16} className="dim" aria-label="went into" />
        <span className={styles.node}>
          <Group gap="xs" wrap="nowrap">
            <RunDot number={number} />
            this run
          </Group>
        </span>
        <ArrowRight size={16} className="dim" aria-label="made" />
        <Ends none="No model">{right}</Ends>
      </div>
      <Modal opened={opened !== undefined} onClose={() => setOpened(undefined)} title={opened?.dataset.name} size="lg">
        {opened && <DatasetDetails input={opened} />}
      </Modal>
    </Panel>
  );
}

const count = (number: number, what: string): string =>
  number === 0 ? '' : number === 1 ? `1 ${what}` : `${number} ${what}s`;

function Ends({ none, children }: { none: string; children: ReactNode[] }) {
  return (
    <div className={styles.ends}>
      {children.length ? (
        children
      ) : (
        <Text size="xs" c="dimmed">
          {none}
        </Text>
      )}
    </div>
  );
}

function DatasetNode({ input, open }: { input: DatasetInput; open: () => void }) {
  const context = contextOf(input);
  return (
    <UnstyledButton
      className={styles.node}
      onClick={open}
      title={`${input.dataset.name} ${input.dataset.digest ?? ''}`}
    >
      <Group gap="xs" wrap="nowrap" miw={0}>
        <Database size={13} aria-hidden style={{ flex: 'none' }} />
        <span className="ellipsis">{input.dataset.name}</span>
        {context && (
          <Badge size="xs" variant="light" style={{ textTransform: 'none', flex: 'none' }}>
            {context}
          </Badge>
        )}
      </Group>
      {input.dataset.digest && <div className="dim mono ellipsis">{input.dataset.digest}</div>}
    </UnstyledButton>
  );
}

const contextOf = (input: DatasetInput): string | undefined =>
  input.tags?.find(({ key }) => key === 'mlflow.data.context')?.value;

interface ModelProps {
  id: string;
  experimentId: string;
  model: LoggedModel | undefined;
  step?: number;
}

function ModelNode({ id, experimentId, model, step }: ModelProps) {
  return (
    <Link
      to="/experiments/$experimentId/models/$modelId"
      params={{ experimentId: model?.info.experiment_id ?? experimentId, modelId: id }}
      className={styles.node}
    >
      <Group gap="xs" wrap="nowrap" miw={0}>
        <Box size={13} aria-hidden style={{ flex: 'none' }} />
        <span className="ellipsis">{model?.info.name || id}</span>
        {model?.info.model_type && (
          <Badge size="xs" variant="light" style={{ textTransform: 'none', flex: 'none' }}>
            {model.info.model_type}
          </Badge>
        )}
      </Group>
      <div className="dim ellipsis">
        {[model && wordOf(model.info.status), step ? `step ${step}` : ''].filter(Boolean).join(' · ') || id}
      </div>
    </Link>
  );
}

const wordOf = (status: string): string =>
  status
    .replace(/^LOGGED_MODEL_/, '')
    .replaceAll('_', ' ')
    .toLowerCase();

function DatasetDetails({ input }: { input: DatasetInput }) {
  const { dataset, tags } = input;
  const facts: [string, string | undefined][] = [
    ['Digest', dataset.digest],
    ['Source type', dataset.source_type],
    ...(tags ?? []).map(({ key, value }): [string, string | undefined] => [key, value]),
  ];
  const texts: [string, string | undefined][] = [
    ['Source', dataset.source],
    ['Schema', dataset.schema],
    ['Profile', dataset.profile],
  ];
  return (
    <>
      <dl
        style={{ display: 'grid', gridTemplateColumns: 'auto 1fr', gap: '4px 16px', margin: '0 0 12px', fontSize: 13 }}
      >
        {facts.map(
          ([name, value]) =>
            value && (
              <Fragment key={name}>
                <dt className="dim">{name}</dt>
                <dd className="mono" style={{ margin: 0, overflowWrap: 'anywhere' }}>
                  {value}
                </dd>
              </Fragment>
            ),
        )}
      </dl>
      {texts.map(
        ([name, value]) =>
          value && (
            <div key={name} style={{ marginBottom: 12 }}>
              <Text size="xs" c="dimmed" mb={2}>
                {name}
              </Text>
              <CodeBlock text={indent(value)} label={name} maxHeight={240} />
            </div>
          ),
      )}
    </>
  );
}

/** JSON with line ends; any other text as it is. */
function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
