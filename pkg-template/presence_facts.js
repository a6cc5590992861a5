// @ts-check
// Owns the numbers of what a room's core is told and of what it orders; must not know what either means.

export const CONNECTION = 0;
export const HIDDEN = 1;
export const USED = 2;
export const SET = 3;
export const UNSENT = 4;
export const LIST = 5;
export const LISTED = 6;
export const LIST_END = 7;
export const HEARD = 8;
export const GONE = 9;
export const REFUSED = 10;
export const LEAVE = 11;
export const TICK = 12;

export const JOIN = 1;
export const UPDATE = 2;
export const SAY_LEAVE = 3;
export const SHOW = 4;
export const TAKE_OFF = 5;
export const FORGET = 6;
export const ADOPT = 7;
export const ME = 8;
export const WARN = 9;
