/**
 * Validators for events: any that implement the Standard Schema (https://standardschema.dev), such as those of zod, valibot
 * and arktype.
 *
 * @example
 * import { connect } from 'everwire';
 * import { schemas } from 'everwire/schemas';
 *
 * const price = z.object({ type: z.literal('price'), amount: z.number() });
 * const client = connect('/live', { validate: schemas({ in: { price } }) });
 * client.on('price', ({ amount }) => show(amount)); // typed by the schema
 */
import type { AnyEvent, Typed, Validator } from './index.js';

/** The part of the Standard Schema, version 1, that is used here. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: Output; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[] }
      | Promise<unknown>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type Schemas = Readonly<Record<string, StandardSchema<any, Typed>>>;
type TypeOf<S, Side extends 'input' | 'output'> = S extends { readonly '~standard': { readonly types?: infer T } } ? (NonNullable<T> extends Record<Side, infer V> ? V : never) : never;
type Events<S extends Schemas, Side extends 'input' | 'output'> = [keyof S] extends [never] ? AnyEvent : Extract<TypeOf<S[keyof S], Side>, Typed>;

/**
 * Schemas by the type of the events, for the option `validate` of `connect`.
 *
 * An event that comes in is delivered as its schema makes it (parsed, transformed), without the protocol's own fields. One
 * that does not pass is not delivered: it is counted (`snapshot().invalid`), and the first of its type is told to
 * `onWarning`, with the issues. If it is a critical one, it is acknowledged all the same. `send` throws `invalid_event`,
 * with the issues. Events of other types pass as they are. A schema has to answer at once: one that returns a promise
 * passes nothing.
 *
 * @throws EverwireError `invalid_option`
 */
export declare function schemas<In extends Schemas = {}, Out extends Schemas = {}>(options?: {
  readonly in?: In | undefined;
  readonly out?: Out | undefined;
}): Validator<Events<In, 'output'>, Events<Out, 'input'>>;
