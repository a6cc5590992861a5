// Owns what is where on the page of answers. Must not know how a stream goes on.

import { type FormEvent, useState } from 'react';
import { Icon } from '../components/Icon.tsx';
import { PageHeader } from '../components/PageHeader.tsx';
import { useDags } from '../useDags.ts';
import { Answer } from './Answer.tsx';
import { ask, type Asked, remember, remembered } from './answers.ts';

const STREAMS = 'How streams work';
/** Milliseconds between words. */
const PACES = [
  { label: 'As a model writes', interval: 40 },
  { label: 'Slowly, to interrupt it', interval: 250 },
];

export function AnswerPage() {
  const dags = useDags();
  const [about, setAbout] = useState('');
  const [interval, setInterval] = useState(40);
  const [asked, setAsked] = useState(remembered);
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);

  const keep = (next: Asked | null) => {
    setAsked(next);
    remember(next);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
    setRefused(null);
    const title = dags.find(({ id }) => id === about)?.title ?? STREAMS;
    const answer = await ask({ about: about || null, title, interval });
    setAsking(false);
    if (typeof answer === 'string') setRefused(answer);
    else keep(answer);
  };

  return (
    <>
      <PageHeader current="answer" />
      <main className="page">
        <div className="page-title">
          <h1>Answers</h1>
        </div>
        <p className="page-lead">Ask the server to explain a run. The text comes word by word, and goes on where it was after a cut or a reload.</p>
        <form className="ask" onSubmit={(event) => void submit(event)}>
          <label>
            <span>About</span>
            <select data-testid="about" value={about} onChange={(event) => setAbout(event.target.value)}>
              <option value="">{STREAMS}</option>
              {dags.map((dag) => (
                <option key={dag.id} value={dag.id}>
                  {dag.title}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Pace</span>
            <select data-testid="pace" value={interval} onChange={(event) => setInterval(Number(event.target.value))}>
              {PACES.map((pace) => (
                <option key={pace.interval} value={pace.interval}>
                  {pace.label}
                </option>
              ))}
            </select>
          </label>
          <button type="submit" className="button button-primary" data-testid="ask" disabled={asking}>
            <Icon name="text" />
            {asking ? 'Asking…' : 'Explain'}
          </button>
        </form>
        {refused !== null && (
          <p className="ask-refused" role="alert" data-testid="refused">
            {refused}
          </p>
        )}
        {asked && <Answer key={asked.streamId} asked={asked} onStop={(text) => keep({ ...asked, stopped: text })} onGoOn={() => keep({ ...asked, stopped: null })} onForget={() => keep(null)} />}
        <aside className="why">
          <h2>What to try</h2>
          <p>
            Reload the page in the middle of an answer, switch the network off and on, or close the page and come back within five minutes. The words
            are numbered events: none is lost and none comes twice, and an end that nobody heard is kept.
          </p>
        </aside>
      </main>
    </>
  );
}
