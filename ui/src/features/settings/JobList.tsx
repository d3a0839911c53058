/** Changes of many runs or experiments that the server carries out in the background. */

import { Button, Progress, Skeleton, Text } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { Job } from '@/api/calls';
import { call } from '@/api/client';
import { type News, useNews } from '@/api/live';
import { Failure } from '@/components/Failure';
import pieces from '@/components/pieces.module.css';
import { showFailure } from '@/features/experiments/toasts';
import { formatAge, formatCount, formatTime } from '@/lib/format';
import classes from './SettingsPage.module.css';

const KEY = ['jobs'] as const;
const PAGE = 20;

export function JobList() {
  const queries = useQueryClient();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: KEY,
    queryFn: ({ signal, pageParam }) => call('jobs.list', { max_results: PAGE, page_token: pageParam }, { signal }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_page_token,
  });
  useNews(
    useCallback(
      ({ changes, reset }: News) => {
        if (reset || changes.some(({ kind }) => kind === 'JOB')) void queries.invalidateQueries({ queryKey: KEY });
      },
      [queries],
    ),
  );
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={80} />;
  const jobs = data.pages.flatMap((page) => page.jobs ?? []);
  if (jobs.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        None yet. Moving, tagging or deleting many runs at once makes one.
      </Text>
    );
  }
  return (
    <>
      <table className={`${pieces.list} ${classes.table}`} aria-label="Jobs">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col">Done</th>
            <th scope="col">Asked for</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <JobRow key={job.job_id} job={job} />
          ))}
        </tbody>
      </table>
      {hasNextPage && (
        <Button size="xs" variant="default" mt="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Earlier jobs
        </Button>
      )}
    </>
  );
}

function JobRow({ job }: { job: Job }) {
  const open = job.state === 'PENDING' || job.state === 'RUNNING';
  const cancel = async () => {
    try {
      await call('jobs.cancel', { job_id: job.job_id });
    } catch (failure) {
      showFailure('The job goes on', failure);
    }
  };
  return (
    <tr>
      <td>
        {job.kind.replaceAll('_', ' ')}
        {job.reason && <div className={classes.reason}>{job.reason}</div>}
        {job.failures.slice(0, 3).map(({ id, reason }) => (
          <div key={id} className={classes.reason}>
            {id}: {reason}
          </div>
        ))}
      </td>
      <td>{job.state.toLowerCase()}</td>
      <td>
        {formatCount(job.done)} of {formatCount(job.total)}
        {job.failed > 0 && `, ${formatCount(job.failed)} in vain`}
        {open && job.total > 0 && <Progress value={(100 * job.done) / job.total} size="xs" mt={4} aria-label="Done" />}
      </td>
      <td title={formatTime(job.created_at)}>
        {formatAge(job.created_at)}
        {job.actor && ` by ${job.actor}`}
      </td>
      <td>
        {open && (
          <Button size="compact-xs" variant="default" onClick={() => void cancel()}>
            Cancel
          </Button>
        )}
      </td>
    </tr>
  );
}
