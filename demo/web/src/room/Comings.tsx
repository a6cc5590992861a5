// Owns the list of who came and went. What a reader is told is another thing: it would say each line.

import { CHANGE_WORDS, type Coming } from '../comings.ts';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function Comings({ comings }: { comings: readonly Coming[] }) {
  return (
    <section className="sheet" aria-labelledby="comings-title" data-place="room comings">
      <header className="sheet-head">
        <h2 id="comings-title">Coming and going</h2>
      </header>
      {comings.length === 0 ? (
        <p className="sheet-quiet">Nothing yet. A reload or a short cut of somebody’s network is nothing either.</p>
      ) : (
        <ol className="comings" data-testid="comings">
          {comings.map(({ number, name, change, at, userId }) => (
            <li key={number} data-testid="coming" data-change={change} data-user={userId}>
              <span>
                <strong>{name}</strong> {CHANGE_WORDS[change]}
              </span>
              <time className="numeric" dateTime={new Date(at).toISOString()}>
                {clock.format(at)}
              </time>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
