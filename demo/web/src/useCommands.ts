// Owns what becomes of a command between the click and the server's word: sent, queued, applied or refused, and the
// toasts that say so. Must not know which buttons exist.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { DAGStream } from './useDAGStream.ts';
import { isLive } from './connectionView.ts';
import { whyNot } from './outcomeWords.ts';
import type { ClientEvent } from './protocol.ts';
import { reportError } from './reportError.ts';
import type { ToastStore } from './toasts.ts';

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly message: string };

export interface Commands {
  /**
   * Sends a command once; `noun` names it for people ("decision"). Resolves when the server applied or refused it.
   * A second one of the same noun is not sent while the first is under way. It outlives the page, and is not delivered
   * later than `within` milliseconds from now.
   */
  issue(noun: string, event: ClientEvent, within: number): Promise<Outcome>;
  /** The nouns under way. */
  readonly pending: ReadonlySet<string>;
}

export function useCommands({ connection, send }: Pick<DAGStream, 'connection' | 'send'>, toasts: ToastStore): Commands {
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set());
  /** Those that a reload would not lose. */
  const [kept, setKept] = useState<ReadonlySet<string>>(new Set());
  const underWay = useRef(new Set<string>());
  const announced = useRef(new Set<string>());
  const live = isLive(connection);
  // The latest `send`, so that `issue` keeps its identity.
  const latest = useRef(send);
  useEffect(() => {
    latest.current = send;
  });

  useEffect(() => {
    if (live) return;
    for (const noun of pending) {
      announced.current.add(noun);
      toasts.show({
        key: `command-${noun}`,
        tone: 'amber',
        title: `${capital(noun)} queued, connection lost`,
        text: kept.has(noun)
          ? 'It is kept, even if you reload or close this page, and will be delivered once.'
          : 'It will be delivered once, as soon as the connection is back. You need not do anything.',
      });
    }
  }, [live, pending, kept, toasts]);

  const issue = useCallback(
    async (noun: string, event: ClientEvent, within: number): Promise<Outcome> => {
      const refuse = (message: string): Outcome => {
        toasts.show({ key: `command-${noun}`, tone: 'red', title: `${capital(noun)} not applied`, text: message, lasts: 12_000 });
        return { ok: false, message };
      };
      if (underWay.current.has(noun)) return { ok: false, message: 'Already on its way.' };
      const mark = (change: (nouns: Set<string>) => void) => {
        change(underWay.current);
        setPending(new Set(underWay.current));
      };
      mark((nouns) => nouns.add(noun));
      try {
        const receipt = latest.current(event, { priority: 'high', persist: true, ttl: within });
        if (!receipt) return refuse('There is no connection yet.');
        void receipt.stored?.then(
          () => setKept((nouns) => new Set([...nouns, noun])),
          () => {}, // It is sent all the same; everwire warns of it.
        );
        const outcome = await receipt.settled;
        if (outcome.fate !== 'acked' && outcome.fate !== 'sent') return refuse(whyNot(outcome));
        if (announced.current.has(noun)) {
          toasts.show({ key: `command-${noun}`, tone: 'green', title: `${capital(noun)} delivered`, lasts: 6_000 });
        }
        return { ok: true };
      } catch (error) {
        reportError(error, { where: noun });
        return refuse(error instanceof Error ? error.message : String(error));
      } finally {
        announced.current.delete(noun);
        setKept((nouns) => (nouns.has(noun) ? new Set([...nouns].filter((other) => other !== noun)) : nouns));
        mark((nouns) => nouns.delete(noun));
      }
    },
    [toasts],
  );

  return useMemo(() => ({ issue, pending }), [issue, pending]);
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
