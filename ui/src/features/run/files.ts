/** Bytes of a run's files: as texts, as blobs with an address of their own, as downloads. */

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { fetchBytes } from '@/api/client';
import { nameOf, typeOf } from './kinds';

const PATH = 'get-artifact';
/** A file may be written anew under its name: what is older is asked for again, which costs nothing if it is the same. */
const FRESH_MS = 30_000;
const KEPT_MS = 120_000;

/** A file whole; its media type is what its name says, and never one that runs. */
export async function fetchBlob(runId: string, path: string, signal?: AbortSignal): Promise<Blob> {
  const answer = await fetchBytes(PATH, { run_id: runId, path }, { signal });
  const blob = await answer.blob();
  return blob.slice(0, blob.size, typeOf(path));
}

/** The beginning of a file. */
export interface Head {
  bytes: Uint8Array;
  /** Bytes of the whole file. */
  size: number;
  /** Whether there is more of it. */
  cut: boolean;
}

/** The first bytes of a file. */
export async function fetchHead(runId: string, path: string, first: number, signal?: AbortSignal): Promise<Head> {
  const answer = await fetchBytes(PATH, { run_id: runId, path }, { signal, first });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const total = /\/(\d+)$/.exec(answer.headers.get('Content-Range') ?? '')?.[1];
  const size = total === undefined ? bytes.length : Number(total);
  return { bytes, size, cut: size > bytes.length };
}

/** A file whole, as a text. */
export async function fetchText(runId: string, path: string, signal?: AbortSignal): Promise<string> {
  const answer = await fetchBytes(PATH, { run_id: runId, path }, { signal });
  return new TextDecoder().decode(await answer.arrayBuffer());
}

/** The question for a file as a blob, which is kept for a while. */
export const blobQuery = (runId: string, path: string) => ({
  queryKey: ['run-file', runId, path, 'blob'],
  queryFn: ({ signal }: { signal: AbortSignal }) => fetchBlob(runId, path, signal),
  staleTime: FRESH_MS,
  gcTime: KEPT_MS,
});

/** A file as a blob. */
export function useBlob(runId: string, path: string, enabled = true) {
  return useQuery({ ...blobQuery(runId, path), enabled, placeholderData: keepPreviousData });
}

/** The beginning of a file, kept for a while. */
export function useHead(runId: string, path: string, first: number, enabled = true) {
  return useQuery({
    queryKey: ['run-file', runId, path, 'head', first],
    queryFn: ({ signal }) => fetchHead(runId, path, first, signal),
    enabled,
    staleTime: FRESH_MS,
    gcTime: KEPT_MS,
  });
}

/** A text file of the run, read in some way. */
export function useFile<T>(runId: string, path: string, enabled: boolean, read: (text: string) => T) {
  return useQuery({
    queryKey: ['run-file', runId, path, 'read'],
    enabled,
    staleTime: 60_000,
    queryFn: async ({ signal }) => read(await fetchText(runId, path, signal)),
  });
}

/** An address for a blob, as long as the component is there. */
export function useBlobUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return blob ? url : undefined;
}

/** Save a file of the run on this machine. */
export async function download(runId: string, path: string): Promise<void> {
  const blob = await fetchBlob(runId, path);
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = nameOf(path);
  link.click();
  // The browser has begun to read by then; a blob that is let go at once would come to nothing in some.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
