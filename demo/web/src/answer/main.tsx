// Owns the start of the page of answers.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ErrorBoundary } from '../components/ErrorBoundary.tsx';
import { applyStoredTheme } from '../theme.ts';
import { AnswerPage } from './AnswerPage.tsx';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/header.css';
import '../styles/surfaces.css';
import '../styles/page.css';
import '../styles/answer.css';

const root = document.getElementById('root');
if (!root) throw new Error('answer/index.html has no #root');

applyStoredTheme();
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <AnswerPage />
    </ErrorBoundary>
  </StrictMode>,
);
