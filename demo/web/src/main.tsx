// Owns the start of the page.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { ErrorBoundary } from './components/ErrorBoundary.tsx';
import { applyStoredTheme } from './components/ThemeToggle.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/header.css';
import './styles/graph.css';
import './styles/surfaces.css';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

applyStoredTheme();
const dagId = new URLSearchParams(location.search).get('dag') ?? 'default';
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <App key={dagId} dagId={dagId} />
    </ErrorBoundary>
  </StrictMode>,
);
