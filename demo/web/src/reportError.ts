// The one place where an error leaves the page. Put your error tracker here.

export interface ErrorContext {
  /** What was being done: `node`, `gate`, `network`, `render`, `connection`, `output`, `notes`, `people`. */
  readonly where: string;
  readonly nodeId?: string;
  readonly runId?: string;
}

export type ErrorSink = (error: unknown, context: ErrorContext) => void;

let sink: ErrorSink = (error, context) => console.error(`[dashboard] ${context.where}`, error, context);

/** Replaces the console by a tracker: `onError((error, context) => Sentry.captureException(error, { extra: context }))`. */
export function onError(next: ErrorSink): void {
  sink = next;
}

/** Reports an error; a tracker that throws must not take the page with it. */
export function reportError(error: unknown, context: ErrorContext): void {
  try {
    sink(error, context);
  } catch (broken) {
    console.error('[dashboard] the error sink threw', broken, error);
  }
}
