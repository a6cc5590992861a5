//! The browser's side of everwire.
