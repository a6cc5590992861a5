// Owns how the editor looks: by the page's tokens, so that it follows the theme. Must not know what is written in it.

import { EditorView } from '@codemirror/view';

export const editorTheme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--sans)', fontSize: '15px', lineHeight: '1.9', overflow: 'auto' },
  // Above the first line there is room for the name of who is in it.
  '.cm-content': { padding: '22px 20px 24px', caretColor: 'var(--accent)' },
  '.cm-line': { padding: '0' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--accent-soft)' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-ySelectionCaret': { borderLeftWidth: '1px', borderRightWidth: '1px' },
  '.cm-ySelectionCaretDot': { display: 'none' },
  '.cm-ySelectionInfo': {
    top: '-1.02em',
    padding: '0 4px',
    borderRadius: '5px 5px 5px 0',
    color: 'var(--on-person)',
    fontFamily: 'var(--sans)',
    fontSize: '10px',
    fontWeight: '650',
    lineHeight: '1.25',
    opacity: '1',
    pointerEvents: 'none',
  },
});
