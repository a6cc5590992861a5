// Owns what is where on the page and what is selected. Must not know how anything is drawn, sent or received.

import { useCallback, useMemo, useState, useSyncExternalStore } from 'react';
import { Announcer } from './components/Announcer.tsx';
import { CompletionView } from './components/CompletionView.tsx';
import { EmptyState } from './components/EmptyState.tsx';
import { GateDialog } from './components/GateDialog.tsx';
import { Graph } from './components/Graph.tsx';
import { NodeList } from './components/NodeList.tsx';
import { type View, ViewSwitch } from './components/ViewSwitch.tsx';
import { Header } from './components/Header.tsx';
import { Icon } from './components/Icon.tsx';
import { NodePanel } from './components/NodePanel.tsx';
import { Progress } from './components/Progress.tsx';
import type { Control } from './components/RunControls.tsx';
import { RUN_WORDS } from './components/statusWords.ts';
import { Toasts } from './components/Toasts.tsx';
import { connectionView, isLive } from './connectionView.ts';
import { ended } from './earlierVisit.ts';
import { linkKey, proxiedStreamUrl, setNetwork, startRun } from './network.ts';
import { NotesPanel } from './notes/NotesPanel.tsx';
import { createRunStore } from './runStore.ts';
import { createToastStore } from './toasts.ts';
import { People } from './together/People.tsx';
import { useCommands } from './useCommands.ts';
import { useDAGStream } from './useDAGStream.ts';
import { useEarlier } from './useEarlier.ts';
import { useGate } from './useGate.ts';
import { useIncidents } from './useIncidents.ts';
import { useMedia } from './useMedia.ts';

/** A wish about the run that arrives later than this, in milliseconds, may meet another run than it was meant for. */
const MEANT_FOR = 600_000;

interface Props {
  readonly dagId: string;
  readonly onDag: (dagId: string) => void;
}

export function App({ dagId, onDag }: Props) {
  const [store] = useState(createRunStore);
  const [toasts] = useState(createToastStore);
  const [link] = useState(linkKey);
  const stream = useDAGStream(dagId, store, () => proxiedStreamUrl(dagId, link), ({ event, outcome }) =>
    toasts.show(ended(event, outcome, (id) => store.getSnapshot().nodes.get(id)?.title ?? id)),
  );
  const { run, connection, earlier, request, retry } = stream;
  const live = isLive(connection);
  const commands = useCommands(stream, toasts);
  const gate = useGate(run.gates, commands, live, earlier > 0);
  useEarlier(stream, toasts);
  useIncidents(run, toasts);

  const [selected, setSelected] = useState<string | null>(null);
  const [closedResults, setClosedResults] = useState<string | null>(null);
  const [notes, setNotes] = useState(false);
  const [me, setMe] = useState('');
  const [starting, setStarting] = useState(false);
  const narrow = useMedia('(max-width: 720px)');
  // On a phone a graph of any size is too small to read.
  const [chosenView, setChosenView] = useState<View | null>(null);
  const view = chosenView ?? (narrow ? 'list' : 'graph');
  const shown = useSyncExternalStore(toasts.subscribe, toasts.getSnapshot, toasts.getSnapshot);
  const highlighted = useMemo(
    () => new Set(shown.flatMap(({ tone, nodeId }) => (tone === 'red' && nodeId !== undefined ? [nodeId] : []))),
    [shown],
  );

  const { issue } = commands;
  const control = useCallback(
    async (what: Control) => {
      if (what !== 'start') {
        await issue(what, { type: `${what}_execution` }, MEANT_FOR);
        return;
      }
      setStarting(true);
      const wrong = await startRun(dagId);
      setStarting(false);
      setSelected(null);
      if (wrong !== null) toasts.show({ key: 'start', tone: 'red', title: 'The run was not started', text: wrong, lasts: 12_000 });
    },
    [dagId, issue, toasts],
  );

  const pending = useMemo(() => (starting ? new Set([...commands.pending, 'start']) : commands.pending), [starting, commands.pending]);
  const node = selected === null ? undefined : run.nodes.get(selected);
  const empty = run.nodes.size === 0 || run.status === 'idle';
  const results = run.results !== null && run.results.run_id !== closedResults ? run.results : null;
  const start = () => void control('start');
  // One panel at a time: both take the same side.
  const select = useCallback((id: string | null) => {
    setSelected(id);
    if (id !== null) setNotes(false);
  }, []);
  const openNotes = () => {
    setSelected(null);
    setNotes(!notes);
  };

  return (
    <div className="app">
      <Header
        dagId={dagId}
        onDag={onDag}
        run={run}
        connection={connection}
        pending={pending}
        onControl={(what) => void control(what)}
        onRetry={retry}
        onNetwork={(action) => setNetwork(link, action)}
        room={<People client={stream.client} dagId={dagId} node={node?.title ?? null} titleOf={(id) => run.nodes.get(id)?.title} onMe={setMe} />}
      />
      <main className="main">
        {/* Under the gate nothing can be reached by keyboard or reader; the header and the toasts stay. */}
        <div className="canvas" data-view={empty ? undefined : view} inert={gate.open}>
          {empty ? (
            <EmptyState known={run.known} title={run.title} description={run.description} busy={starting} onStart={start} />
          ) : (
            <>
              {view === 'graph' ? (
                <Graph
                  run={run}
                  direction={narrow ? 'TB' : 'LR'}
                  selected={selected}
                  highlighted={highlighted}
                  onSelect={select}
                />
              ) : (
                <NodeList run={run} highlighted={highlighted} onSelect={select} />
              )}
              <div className="toolbar">
                <ViewSwitch view={view} onView={setChosenView} />
                <button type="button" className="button notes-open" data-testid="notes-open" aria-expanded={notes} onClick={openNotes}>
                  <Icon name="note" />
                  Notes
                </button>
                <Progress nodes={run.nodes} />
              </div>
            </>
          )}
          {notes && !node && !empty && <NotesPanel dagId={dagId} link={link} live={live} me={me} onClose={() => setNotes(false)} />}
          {results && !node && !notes && (
            <CompletionView
              results={results}
              nodes={run.nodes}
              edges={run.edges}
              onSelect={select}
              onClose={() => setClosedResults(results.run_id)}
            />
          )}
          {node && (
            <NodePanel
              node={node}
              nodes={run.nodes}
              edges={run.edges}
              runId={run.runId}
              live={live}
              request={request}
              onSelect={select}
              onClose={() => setSelected(null)}
            />
          )}
          {gate.gate && !gate.open && (
            <button type="button" className="button reopen" data-testid="gate-open" onClick={() => gate.setOpen(true)}>
              <Icon name="hand" />
              Decision needed: {gate.gate.presentation.title}
            </button>
          )}
        </div>
        {gate.gate && gate.open && (
          <GateDialog
            key={`${gate.gate.node_id}@${gate.gate.presentation.expires_at}`}
            gate={gate.gate}
            more={gate.more}
            progress={gate.progress}
            onDecide={gate.decide}
            onLater={() => gate.setOpen(false)}
          />
        )}
      </main>
      <Toasts store={toasts} onShowNode={select} />
      <Announcer message={connectionView(connection, 0).spoken} />
      <Announcer message={run.known ? `Run: ${RUN_WORDS[run.status]}` : ''} />
    </div>
  );
}
