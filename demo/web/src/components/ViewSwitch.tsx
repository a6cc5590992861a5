// Owns the choice between the graph and the list.

export type View = 'graph' | 'list';

export function ViewSwitch({ view, onView }: { view: View; onView: (view: View) => void }) {
  return (
    <div className="view-switch" role="group" aria-label="View">
      {(['graph', 'list'] as const).map((each) => (
        <button key={each} type="button" data-testid={`view-${each}`} aria-pressed={view === each} onClick={() => onView(each)}>
          {each === 'graph' ? 'Graph' : 'List'}
        </button>
      ))}
    </div>
  );
}
