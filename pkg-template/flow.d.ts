/**
 * What may be left out when more events come than a page can show one by one.
 *
 * @example
 * import { connect } from 'everwire';
 * import { thin } from 'everwire/flow';
 *
 * connect('/live', { flow: thin({ cursor_move: { key: 'user_id' }, spark: { droppable: true } }) });
 */
import type { Flow } from './index.js';

/** What may be left out of the events of one type. */
export interface Rule {
  /**
   * Of the events with the same key that wait for a frame, the newest is delivered, in its place. The name of a field, or a
   * function of the event, called at once; undefined or null for an event that has none. Keys are compared as JSON.
   */
  key?: string | ((event: any) => unknown) | undefined;
  /** Whether the oldest of them may be dropped while more than 1,000 events wait. Default false. */
  droppable?: boolean | undefined;
}

/**
 * Rules by the type of the events, for the option `flow` of `connect`. Events of other types are never left out.
 *
 * @throws EverwireError `invalid_option`
 */
export declare function thin(rules: { readonly [type: string]: Rule }): Flow;
