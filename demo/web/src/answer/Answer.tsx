// Owns one answer: its text while it comes, its end, and what is said of its connection.

import type { StreamReason } from 'everwire/stream';
import { useResilientSSE } from 'everwire/stream/react';
import { Announcer } from '../components/Announcer.tsx';
import { Icon } from '../components/Icon.tsx';
import { type AnswerState, nothing, reduceAnswer } from '../answerState.ts';
import { streamView } from '../streamWords.ts';
import { addressOf, type Asked, endingOf } from './answers.ts';
import { useOnline } from './useOnline.ts';

interface Props {
  readonly asked: Asked;
  readonly onStop: (text: string) => void;
  readonly onGoOn: () => void;
  readonly onForget: () => void;
}

export function Answer({ asked, onStop, onGoOn, onForget }: Props) {
  const stopped = asked.stopped !== null;
  const { status, data, error, attempts } = useResilientSSE<AnswerState>(stopped ? null : addressOf(asked), {
    initial: nothing,
    reduce: reduceAnswer,
    recover: () => endingOf(asked),
  });
  const online = useOnline();
  const answer = data ?? nothing;
  const text = asked.stopped ?? answer.text;
  const view = stopped ? STOPPED : viewOf(status, answer, error, attempts, online);
  const listening = !stopped && (status === 'connecting' || status === 'connected');
  return (
    <article className="answer" aria-label={`Answer: ${asked.title}`} aria-busy={listening} data-testid="answer" data-status={stopped ? 'stopped' : status} data-recovered={answer.recovered}>
      <header className="answer-head">
        <h2>{asked.title}</h2>
        {listening && (
          <button type="button" className="button" data-testid="stop" onClick={() => onStop(answer.text)}>
            <Icon name="stop" />
            Stop
          </button>
        )}
        {stopped && (
          <button type="button" className="button" data-testid="go-on" onClick={onGoOn}>
            <Icon name="play" />
            Go on
          </button>
        )}
        {!listening && (
          <button type="button" className="button button-icon button-quiet" aria-label="Forget this answer" title="Forget this answer" data-testid="forget" onClick={onForget}>
            <Icon name="cross" />
          </button>
        )}
      </header>
      <div className="answer-text" data-testid="answer-text" data-words={answer.words} tabIndex={0} role="region" aria-label="Text">
        {inParts(text)}
        {listening && <span className="answer-caret" aria-hidden="true" />}
      </div>
      <div className="link-state answer-state" data-testid="answer-state" data-tone={view.tone} data-busy={view.busy}>
        <span className="connection-dot" aria-hidden="true" />
        <p>
          <strong>{view.word}</strong> <span>{view.note}</span>
        </p>
      </div>
      <Announcer message={`${view.word}. ${view.note}`} />
    </article>
  );
}

/** Commands stand between backticks. */
const inParts = (text: string) => text.split('`').map((part, at) => (at % 2 === 0 ? part : <code key={at}>{part}</code>));

type View = Pick<ReturnType<typeof streamView>, 'tone' | 'word' | 'note' | 'busy'>;

const STOPPED: View = {
  tone: 'grey',
  word: 'Stopped',
  note: 'You stopped listening. The server completes the answer and keeps it for five minutes.',
  busy: false,
};

function viewOf(status: string, answer: AnswerState, error: StreamReason | null, attempts: number, online: boolean): View {
  const still = { busy: false };
  if (answer.outcome === 'failed') return { ...still, tone: 'red', word: 'Not completed', note: answer.why };
  if (answer.outcome === 'completed' && answer.recovered) {
    return { ...still, tone: 'green', word: 'Complete', note: 'It was completed while nobody listened; this is what was kept.' };
  }
  if (answer.outcome === 'completed') return { ...still, tone: 'green', word: 'Complete', note: `${answer.words} words, each came once.` };
  if (status === 'connected') return { busy: true, tone: 'green', word: 'Answering', note: '' };
  if (error?.code === 'not_found') {
    return { ...still, tone: 'grey', word: 'Gone', note: 'This answer ended more than five minutes ago and is not kept any more. Ask again.' };
  }
  if (status === 'error') return streamView({ state: 'closed', final: true, attempt: attempts, retryAt: null, reason: error, freshness: 'unknown' }, online, String);
  if (!online) return { ...still, tone: 'grey', word: 'Offline', note: 'This device has no network. The answer goes on when it is back.' };
  if (attempts === 0 && error === null) return { busy: true, tone: 'blue', word: 'Connecting', note: '' };
  const why = error?.code === 'rate_limited' ? 'The server asks for patience.' : 'The connection was lost.';
  return { busy: true, tone: 'amber', word: 'Reconnecting', note: `${why} The answer goes on where it was.` };
}
