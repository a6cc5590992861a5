// Owns the words and icons of statuses.

import type { NodeStatus, RunStatus } from '../protocol.ts';
import type { IconName } from './Icon.tsx';

export const NODE_ICONS: Record<NodeStatus, IconName> = {
  pending: 'dot',
  running: 'spinner',
  waiting: 'hand',
  succeeded: 'check',
  failed: 'cross',
  rejected: 'cross',
  skipped: 'skip',
  cancelled: 'stop',
};

export const NODE_WORDS: Record<NodeStatus, string> = {
  pending: 'Pending',
  running: 'Running',
  waiting: 'Needs a decision',
  succeeded: 'Succeeded',
  failed: 'Failed',
  rejected: 'Rejected',
  skipped: 'Skipped',
  cancelled: 'Cancelled',
};

export const RUN_WORDS: Record<RunStatus, string> = {
  idle: 'Not started',
  running: 'Running',
  paused: 'Paused',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  over_budget: 'Over budget',
};

export const RUN_TONES: Record<RunStatus, 'blue' | 'green' | 'red' | 'amber' | 'grey'> = {
  idle: 'grey',
  running: 'blue',
  paused: 'amber',
  succeeded: 'green',
  failed: 'red',
  cancelled: 'grey',
  over_budget: 'red',
};

export function isFinal(status: RunStatus): boolean {
  return status !== 'idle' && status !== 'running' && status !== 'paused';
}

/** 850 ms, 3.2 s, 4 min 05 s. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** 812 B, 3.4 KB. */
export function bytes(count: number): string {
  return count < 1_000 ? `${count} B` : count < 1_000_000 ? `${(count / 1_000).toFixed(1)} KB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
