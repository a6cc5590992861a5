// Owns the last resort: a page that failed to draw says so, and tells the tracker.

import { Component, type ReactNode } from 'react';
import { reportError } from '../reportError.ts';

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: unknown) {
    reportError(error, { where: 'render' });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="overlay" role="alert">
        <div className="card">
          <h2>The dashboard stopped working</h2>
          <p className="card-text">The run itself goes on at the server. Reload the page to see it again.</p>
          <div className="card-actions">
            <button type="button" className="button button-primary" onClick={() => location.reload()}>
              Reload
            </button>
          </div>
        </div>
      </div>
    );
  }
}
