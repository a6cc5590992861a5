// Owns what is known of an answer: its text so far and its end. A pure function of the events of its stream.

export interface AnswerState {
  readonly text: string;
  /** Words that came one by one. */
  readonly words: number;
  /** How it ended, if it did. */
  readonly outcome: 'completed' | 'failed' | null;
  /** Why it failed, for a person. */
  readonly why: string;
  /** Its end was not heard: it was kept, and asked for. */
  readonly recovered: boolean;
  /** A connection of this page told of it. */
  readonly heard: boolean;
}

export const nothing: AnswerState = { text: '', words: 0, outcome: null, why: '', recovered: false, heard: false };

export interface AnswerEvent {
  readonly type: string;
  readonly data: unknown;
}

/** What the stream tells: `connected`, `delta`, `completed`, `failed`; anything else changes nothing. */
export function reduceAnswer(state: AnswerState, { type, data }: AnswerEvent): AnswerState {
  switch (type) {
    case 'connected':
      return { ...state, heard: true };
    case 'delta':
      return { ...state, text: state.text + textOf(data, 'text'), words: state.words + 1 };
    case 'completed': {
      const whole = textOf(data, 'text');
      // An end has the whole text: whoever missed words has them all here.
      const recovered = whole !== state.text;
      return { ...state, text: whole || state.text, outcome: 'completed', recovered };
    }
    case 'failed':
      return { ...state, outcome: 'failed', why: failure(textOf(data, 'code')) };
    default:
      return state;
  }
}

/** Why there is no answer, in a sentence. */
export function failure(code: string): string {
  switch (code) {
    case 'producer_lost':
      return 'The server that wrote this answer is gone. Ask again.';
    case 'server_stopping':
      return 'The server was stopped before the answer was complete. Ask again.';
    case 'too_long':
    case 'too_large':
      return 'The answer became longer than the server allows.';
    default:
      return 'The server could not complete the answer. Ask again.';
  }
}

/** Why a question was refused, in a sentence. */
export function refusal(status: number, code: string, retryAfter: string | null): string {
  const later = retryAfter ? ` Try again in ${retryAfter} s.` : ' Try again in a moment.';
  if (status === 429) return `Too many questions at once.${later}`;
  if (status === 503) return `The server cannot take a question now.${later}`;
  if (status === 401) return 'You are signed out. Sign in and ask again.';
  if (status === 403) return 'You may not ask here.';
  if (code === 'unknown_dag') return 'There is no such graph any more. Choose another.';
  return `The server refused the question (${status}).`;
}

function textOf(data: unknown, name: string): string {
  const value = data !== null && typeof data === 'object' ? Reflect.get(data, name) : undefined;
  return typeof value === 'string' ? value : '';
}
