// Owns the title of the page, which is also the choice of the DAG where the server has several.

import { useDags } from '../useDags.ts';
import { Icon } from './Icon.tsx';

interface Props {
  readonly dagId: string;
  readonly title: string;
  readonly onDag: (dagId: string) => void;
}

export function DagPicker({ dagId, title, onDag }: Props) {
  // With a title there is a connection, and so an answer, if there was none before; without the list there is one DAG to see.
  const dags = useDags(title === '');
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
