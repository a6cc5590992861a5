// Owns the list of the graphs that the server has.

import { useEffect, useState } from 'react';
import { serverConfig, type ServerConfig } from './network.ts';
import { reportError } from './reportError.ts';

/** None until the server has said which there are. Where it did not, it is asked once more when `again` changes. */
export function useDags(again = false): ServerConfig['dags'] {
  const [dags, setDags] = useState<ServerConfig['dags']>([]);
  useEffect(() => {
    let gone = false;
    serverConfig().then(
      (config) => gone || setDags(config.dags),
      (error: unknown) => reportError(error, { where: 'network' }),
    );
    return () => {
      gone = true;
    };
  }, [again]);
  return dags;
}
