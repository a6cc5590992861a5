// Holds the hand-written types of `Client` against the module that wasm-bindgen generates from the
// Rust: the same members, with as many parameters.

import type { Client } from 'everwire';
import type { Client as Generated } from '../../pkg/core.js';
import { holds, type Same } from './expect.js';

/** wasm-bindgen's own, and what the package's class needs of the core's. */
type Plumbing = 'plane' | 'free' | '__destroy_into_raw' | '__wbg_ptr' | typeof Symbol.dispose;

type Members = keyof Client;
holds<Same<Members, Exclude<keyof Generated, Plumbing>>>();

/** How many parameters a method has, the optional ones included. What is generated as `any` is no method. */
type Arity<F> = 0 extends 1 & F ? 'not a method' : F extends (...parameters: infer P) => unknown ? Required<P>['length'] : 'not a method';

type Arities<C> = { [M in Members & keyof C]: Arity<C[M]> };
holds<Same<Arities<Client>, Arities<Pick<Generated, Members & keyof Generated>>>>();
holds<Same<Required<ConstructorParameters<typeof Client>>['length'], ConstructorParameters<typeof Generated>['length']>>();
