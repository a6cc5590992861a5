// Holds the hand-written types of `Client` against the class that the package ships: the same members, with as many
// parameters.

import type { Client } from 'everwire';
import type { clientFrom } from '../../pkg/client.js';
import { holds, type Same } from './expect.js';

type Shipped = ReturnType<typeof clientFrom>;
type Members = keyof Client;
holds<Same<Members, keyof InstanceType<Shipped>>>();

/** How many parameters a method has, the optional ones included. What is generated as `any` is no method. */
type Arity<F> = 0 extends 1 & F ? 'not a method' : F extends (...parameters: infer P) => unknown ? Required<P>['length'] : 'not a method';

type Arities<C> = { [M in Members & keyof C]: Arity<C[M]> };
holds<Same<Arities<Client>, Arities<InstanceType<Shipped>>>>();
holds<Same<Required<ConstructorParameters<typeof Client>>['length'], Required<ConstructorParameters<Shipped>>['length']>>();
