//! What shared documents count about themselves.
//!
//! Owns the numbers and their names; must not know when they change.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Counters since the start, and how many there are now.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicUsize,
    pub(super) updates: AtomicU64,
    pub(super) compactions: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) closed: AtomicU64,
    pub(super) slow: AtomicU64,
}

impl Counts {
    /// Lines in the text format of Prometheus.
    pub(super) fn render(&self, open: usize) -> String {
        let mut page = String::new();
        let counters = [
            ("updates", "Updates of documents kept here.", &self.updates),
            ("compactions", "Times that a document was kept as one.", &self.compactions),
            ("refused", "Connections to documents sent away, over capacity or stopping.", &self.refused),
            ("closed", "Connections to documents closed for what they said.", &self.closed),
            ("slow", "Times that a slow reader of a document was left to be told the difference later.", &self.slow),
        ];
        for (name, help, value) in counters {
            let _ = write!(
                page,
                "# HELP everwire_document_{name}_total {help}\n# TYPE everwire_document_{name}_total counter\n\
                 everwire_document_{name}_total {}\n",
                value.load(Ordering::Relaxed)
            );
        }
        let connections = self.connections.load(Ordering::Relaxed);
        let gauges = [
            ("documents", "Documents that are open here.", open),
            ("document_connections", "Connections to documents.", connections),
        ];
        for (name, help, value) in gauges {
            let _ =
                write!(page, "# HELP everwire_{name} {help}\n# TYPE everwire_{name} gauge\neverwire_{name} {value}\n");
        }
        page
    }
}
