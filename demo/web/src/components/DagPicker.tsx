// Owns the title of the page, which is also the choice of the DAG where the server has several.

import { useEffect, useState } from 'react';
import { serverConfig, type ServerConfig } from '../network.ts';
import { reportError } from '../reportError.ts';
import { Icon } from './Icon.tsx';

interface Props {
  readonly dagId: string;
  readonly title: string;
  readonly onDag: (dagId: string) => void;
}

export function DagPicker({ dagId, title, onDag }: Props) {
  const [dags, setDags] = useState<ServerConfig['dags']>([]);
  useEffect(() => {
    let gone = false;
    serverConfig().then(
      (config) => gone || setDags(config.dags),
      // The connection asks again for itself; without the list there is one DAG to see.
      (error: unknown) => reportError(error, { where: 'network' }),
    );
    return () => {
      gone = true;
    };
    // With a title there is a connection, and so an answer, if there was none before.
  }, [title === '']);
  const chosen = dags.find(({ id }) => id === dagId);
  if (!chosen || dags.length < 2) return <h1>{title || 'everwire'}</h1>;
  return (
    <h1 className="picker">
      <span>{title || chosen.title}</span>
      <Icon name="chevron" size={14} />
      {/* Over the title, unseen: a select is as wide as its longest option and cannot wrap. */}
      <select aria-label="Graph to run" data-testid="dag" value={dagId} onChange={(event) => onDag(event.target.value)}>
        {dags.map((dag) => (
          <option key={dag.id} value={dag.id}>
            {dag.title}
          </option>
        ))}
      </select>
    </h1>
  );
}
