/** One row of the tree: a folder, or an experiment with what can be done with it. */

import { ActionIcon, Menu, Text, TextInput, useComputedColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import {
  Archive,
  ArchiveRestore,
  ChevronDown,
  ChevronRight,
  CircleDotDashed,
  Ellipsis,
  FilePen,
  Folder,
  FolderInput,
  FolderOpen,
  Pencil,
  Plus,
} from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Sparkline } from '@/charts/Sparkline';
import pieces from '@/components/pieces.module.css';
import { RunDot } from '@/components/RunDot';
import { StarButton } from '@/features/stars/StarButton';
import { formatAge, formatCount, formatNumber, formatTime } from '@/lib/format';
import { runStyle } from '@/lib/runColor';
import type { Question } from './ExperimentDialog';
import classes from './ExperimentsPage.module.css';
import { showFailure } from './toasts';
import { type ExperimentRow, type FolderRow, folderOf, joinName } from './tree';
import type { Best } from './useBests';
import { NOTE_TAG, useExperimentChanges } from './useExperimentChanges';

const INDENT_PX = 20;
/** A menu that closes gives the focus back to its button; a field that wants it must come after that. */
const FOCUS_MS = 50;

interface FolderProps {
  row: FolderRow;
  toggle: () => void;
  ask: (question: Question) => void;
  trash: boolean;
}

export function FolderItem({ row, toggle, ask, trash }: FolderProps) {
  const Chevron = row.isOpen ? ChevronDown : ChevronRight;
  const Icon = row.isOpen ? FolderOpen : Folder;
  return (
    <>
      <Cell className={classes.name}>
        <span style={{ width: row.depth * INDENT_PX, flex: 'none' }} />
        <button
          type="button"
          className={`${pieces.bare} ${classes.folder}`}
          onClick={toggle}
          data-main
          title={row.path}
        >
          <Chevron size={14} aria-hidden />
          <Icon size={15} aria-hidden color="var(--hr-dim)" />
          <span>{row.name}</span>
        </button>
        <Text span size="xs" c="dimmed" style={{ flex: 'none' }}>
          {formatCount(row.experiments)}
        </Text>
      </Cell>
      <Cell className="number">{formatCount(row.runs)}</Cell>
      <Running count={row.running} />
      <Time time={row.last} />
      <Cell className={classes.best} />
      <Cell className={classes.owner} />
      <Time time={row.created || undefined} className={classes.created} />
      <Cell />
      <Cell>
        {!trash && (
          <RowMenu label={`Actions for the folder ${row.name}`}>
            <Menu.Item
              leftSection={<Plus size={14} aria-hidden />}
              onClick={() => ask({ kind: 'create', folder: row.path })}
            >
              New experiment here
            </Menu.Item>
            <Menu.Item
              leftSection={<Pencil size={14} aria-hidden />}
              onClick={() => ask({ kind: 'renameFolder', path: row.path, count: row.experiments })}
            >
              Rename the folder
            </Menu.Item>
            <Menu.Item
              leftSection={<FolderInput size={14} aria-hidden />}
              onClick={() => ask({ kind: 'moveFolder', path: row.path, count: row.experiments })}
            >
              Move the folder
            </Menu.Item>
          </RowMenu>
        )}
      </Cell>
    </>
  );
}

interface ItemProps {
  row: ExperimentRow;
  ask: (question: Question) => void;
  trash: boolean;
  best: Best | undefined;
}

export function ExperimentItem({ row, ask, trash, best }: ItemProps) {
  const { experiment, depth } = row;
  const { archive, restore } = useExperimentChanges();
  const [renaming, setRenaming] = useState(false);
  const id = experiment.experiment_id;
  const note = experiment.tags?.find(({ key }) => key === NOTE_TAG)?.value ?? '';
  return (
    <>
      <Cell className={classes.name}>
        <span style={{ width: depth * INDENT_PX, flex: 'none' }} />
        {!renaming && <StarButton kind="experiment" id={id} size={14} />}
        {renaming ? (
          <NameField row={row} close={() => setRenaming(false)} />
        ) : (
          <Link to="/experiments/$experimentId/runs" params={{ experimentId: id }} data-main title={experiment.name}>
            {row.name}
          </Link>
        )}
      </Cell>
      <Cell className="number">{formatCount(experiment.runs ?? 0)}</Cell>
      <Running count={experiment.running ?? 0} />
      <Time time={experiment.last_run_time} />
      <BestCell best={best} />
      <Cell className={`${classes.dim} ${classes.owner}`}>
        <span title={best?.owner}>{best?.owner}</span>
      </Cell>
      <Time time={experiment.creation_time} className={classes.created} />
      <NoteAndTags note={note} tags={experiment.tags ?? []} />
      <Cell>
        <RowMenu label={`Actions for ${row.name}`}>
          {trash ? (
            <Menu.Item leftSection={<ArchiveRestore size={14} aria-hidden />} onClick={() => void restore(id)}>
              Restore
            </Menu.Item>
          ) : (
            <>
              <Menu.Item
                leftSection={<Pencil size={14} aria-hidden />}
                onClick={() => setTimeout(() => setRenaming(true), FOCUS_MS)}
              >
                Rename
              </Menu.Item>
              <Menu.Item
                leftSection={<FolderInput size={14} aria-hidden />}
                onClick={() => ask({ kind: 'move', experimentId: id, name: experiment.name })}
              >
                Move to a folder
              </Menu.Item>
              <Menu.Item
                leftSection={<FilePen size={14} aria-hidden />}
                onClick={() => ask({ kind: 'describe', experimentId: id, name: row.name, note })}
              >
                Edit the note
              </Menu.Item>
              {id !== '0' && (
                <Menu.Item
                  leftSection={<Archive size={14} aria-hidden />}
                  onClick={() => void archive(id, experiment.name)}
                >
                  Archive
                </Menu.Item>
              )}
            </>
          )}
        </RowMenu>
      </Cell>
    </>
  );
}

function Cell({ className = '', children }: { className?: string | undefined; children?: ReactNode }) {
  return (
    <div role="gridcell" className={`${classes.cell} ${className}`}>
      {children}
    </div>
  );
}

function Running({ count }: { count: number }) {
  return (
    <Cell>
      {count > 0 && (
        <span className={classes.running}>
          <CircleDotDashed size={13} aria-hidden />
          {formatCount(count)}
        </span>
      )}
    </Cell>
  );
}

function Time({ time, className = '' }: { time: number | undefined; className?: string | undefined }) {
  return (
    <Cell className={`${classes.dim} ${className}`}>
      {time !== undefined && <span title={formatTime(time)}>{formatAge(time)}</span>}
    </Cell>
  );
}

/** The best value of the experiment's metric, with the line of the run that has it. */
function BestCell({ best }: { best: Best | undefined }) {
  const dark = useComputedColorScheme('light') === 'dark';
  const found = best?.best;
  if (!found) return <Cell className={classes.best} />;
  const { key, statistic, value, run_id, run_name, number } = found;
  const words = statistic === 'min' ? 'the least' : 'the greatest';
  return (
    <Cell className={classes.best}>
      <Link
        to="/experiments/$experimentId/runs/$runId"
        params={{ experimentId: best.experiment_id, runId: run_id }}
        title={`${value}: ${words} ${key} of all runs, by ${run_name || run_id}`}
      >
        {formatNumber(value)}
      </Link>
      <RunDot number={number} />
      <span className={classes.metric} title={key}>
        {key}
      </span>
      {best.line && best.line.length > 1 && (
        <span className={classes.spark}>
          <Sparkline values={best.line} color={runStyle(number, dark).color} width={52} height={18} />
        </span>
      )}
    </Cell>
  );
}

interface NoteProps {
  note: string;
  tags: readonly { key: string; value?: string }[];
}

/** The first line of the note, then tags that people gave. */
function NoteAndTags({ note, tags }: NoteProps) {
  const line = note.split('\n').find((each) => each.trim() !== '') ?? '';
  const own = tags.filter(({ key }) => !key.startsWith('mlflow.'));
  return (
    <Cell>
      {own.slice(0, 3).map(({ key, value }) => (
        <span key={key} className={classes.tag} title={`${key}: ${value ?? ''}`}>
          {value ? `${key}: ${value}` : key}
        </span>
      ))}
      <span className={classes.dim} title={note}>
        {line.replace(/^#+\s*/, '')}
      </span>
    </Cell>
  );
}

function RowMenu({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Menu withInitialFocusPlaceholder={false} position="bottom-end" shadow="md" width={200} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={26} className={classes.menu} aria-label={label}>
          <Ellipsis size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}

/** The name, being changed in place. Its folder stays. */
function NameField({ row, close }: { row: ExperimentRow; close: () => void }) {
  const { rename } = useExperimentChanges();
  const [name, setName] = useState(row.name);
  const save = async () => {
    close();
    const next = joinName(folderOf(row.experiment.name), name.trim());
    if (name.trim() === '' || next === row.experiment.name) return;
    try {
      await rename(row.experiment.experiment_id, next);
    } catch (failure) {
      showFailure('The experiment keeps its name', failure);
    }
  };
  return (
    <TextInput
      size="xs"
      style={{ flex: 1 }}
      value={name}
      autoFocus
      aria-label={`New name of ${row.name}`}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setName(event.currentTarget.value)}
      onBlur={close}
      onKeyDown={(event) => {
        if (event.key === 'Enter') void save();
        if (event.key === 'Escape') close();
      }}
    />
  );
}
