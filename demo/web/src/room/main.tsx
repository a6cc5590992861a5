// Owns the start of the page of the room.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ErrorBoundary } from '../components/ErrorBoundary.tsx';
import { applyStoredTheme } from '../theme.ts';
import { RoomPage } from './RoomPage.tsx';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/header.css';
import '../styles/surfaces.css';
import '../styles/page.css';
import '../styles/together.css';
import '../styles/room.css';

const root = document.getElementById('root');
if (!root) throw new Error('room/index.html has no #root');

applyStoredTheme();
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <RoomPage />
    </ErrorBoundary>
  </StrictMode>,
);
