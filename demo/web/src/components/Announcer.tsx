// Owns what a screen reader is told besides the toasts: the connection and the course of the run.

import { useEffect, useState } from 'react';

/** Says `message` politely, at most once a second: a reader that is interrupted by every step says nothing. */
export function Announcer({ message }: { message: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSaid(message), 1_000);
    return () => clearTimeout(timer);
  }, [message]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {said}
    </p>
  );
}
