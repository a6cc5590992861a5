// Owns the way of an error from the state to a person and to the tracker: each one once.

import { useEffect, useRef } from 'react';
import { reportError } from './reportError.ts';
import type { RunState } from './runState.ts';
import type { ToastStore } from './toasts.ts';

export function useIncidents({ incidents, nodes, runId }: RunState, toasts: ToastStore): void {
  const told = useRef(0);
  useEffect(() => {
    for (const { n, nodeId, message } of incidents) {
      if (n <= told.current) continue;
      told.current = n;
      reportError(new Error(message), {
        where: 'run',
        ...(nodeId !== undefined && { nodeId }),
        ...(runId !== null && { runId }),
      });
      // The server says the same to whoever sent a command that it refused; that toast says more.
      if (nodeId === undefined && toasts.getSnapshot().some((toast) => toast.text === message)) continue;
      const name = nodeId === undefined ? undefined : (nodes.get(nodeId)?.title ?? nodeId);
      toasts.show({
        key: `incident-${nodeId ?? n}`,
        tone: 'red',
        title: name === undefined ? 'The run reports a problem' : `Problem at “${name}”`,
        text: withoutName(message, name),
        lasts: 15_000,
        ...(nodeId !== undefined && { nodeId }),
      });
    }
  }, [incidents, nodes, runId, toasts]);
}

/** The title names the node already. */
function withoutName(message: string, name: string | undefined): string {
  if (name === undefined || !message.startsWith(`${name} `)) return message;
  const rest = message.slice(name.length + 1);
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}
