// Owns the graphs that may be asked about.

import { useEffect, useState } from 'react';
import { serverConfig, type ServerConfig } from '../network.ts';
import { reportError } from '../reportError.ts';

/** None until the server has said which there are; there is something to ask about without any. */
export function useDags(): ServerConfig['dags'] {
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
  }, []);
  return dags;
}
