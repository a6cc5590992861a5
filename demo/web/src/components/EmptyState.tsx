// Owns what is shown before the first run.

import { Icon } from './Icon.tsx';

interface Props {
  readonly known: boolean;
  readonly title: string;
  readonly description: string;
  readonly busy: boolean;
  readonly onStart: () => void;
}

export function EmptyState({ known, title, description, busy, onStart }: Props) {
  return (
    <div className="overlay" data-testid="empty">
      <div className="empty">
        <Art />
        <h2 className="empty-title">{known ? title || 'Nothing has run yet' : 'Waiting for the server'}</h2>
        <p className="card-text">
          {known
            ? description || 'Start the run and watch it live: every node, what it prints and what it costs.'
            : 'The state of the run appears here as soon as there is a connection.'}
        </p>
        <div className="card-actions">
          <button type="button" className="button button-primary" data-testid="start" disabled={!known || busy} onClick={onStart}>
            <Icon name="play" />
            {busy ? 'Starting…' : 'Start the run'}
          </button>
        </div>
      </div>
    </div>
  );
}

function Art() {
  return (
    <svg className="empty-art" viewBox="0 0 220 110" fill="none" aria-hidden="true">
      <g stroke="var(--line-strong)" strokeWidth="1.5" strokeDasharray="4 4">
        <path d="M62 55h18c14 0 10-30 26-30h10M62 55h54M62 55h18c14 0 10 30 26 30h10M160 25h8c14 0 8 30 20 30M160 85h8c14 0 8-30 20-30M160 55h28" />
      </g>
      <g fill="var(--surface)" stroke="var(--line-strong)" strokeWidth="1.5">
        <rect x="18" y="43" width="44" height="24" rx="7" fill="var(--accent-soft)" stroke="var(--accent)" />
        <rect x="116" y="13" width="44" height="24" rx="7" />
        <rect x="116" y="43" width="44" height="24" rx="7" />
        <rect x="116" y="73" width="44" height="24" rx="7" />
        <circle cx="198" cy="55" r="10" />
      </g>
      <path d="M35 49.5v11l9-5.5z" fill="var(--accent)" />
    </svg>
  );
}
